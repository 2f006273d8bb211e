import { apiVersionOf, type Resource } from '../resource.ts';
import { CONTROLLER_REVISIONS } from './controller-revision.ts';
import { CRON_JOBS } from './cron-job.ts';
import { DEPLOYMENTS } from './deployment.ts';
import { ENDPOINT_SLICES } from './endpoint-slice.ts';
import { EVENTS } from './event.ts';
import { HORIZONTAL_POD_AUTOSCALERS } from './horizontal-pod-autoscaler.ts';
import { JOBS } from './job.ts';
import { NAMESPACES } from './namespace.ts';
import { NODES } from './node.ts';
import { PODS } from './pod.ts';
import { REPLICA_SETS } from './replica-set.ts';
import { SERVICES } from './service.ts';
import { STATEFUL_SETS } from './stateful-set.ts';

export const RESOURCES: readonly Resource[] = [
  NAMESPACES,
  NODES,
  PODS,
  SERVICES,
  EVENTS,
  DEPLOYMENTS,
  REPLICA_SETS,
  STATEFUL_SETS,
  CONTROLLER_REVISIONS,
  ENDPOINT_SLICES,
  HORIZONTAL_POD_AUTOSCALERS,
  JOBS,
  CRON_JOBS,
];

const byPath = new Map(
  RESOURCES.map((resource) => [`${apiVersionOf(resource)}/${resource.plural}`, resource]),
);
const byKind = new Map(RESOURCES.map((resource) => [`${apiVersionOf(resource)}/${resource.kind}`, resource]));

/** @param apiVersion `apps/v1` */
export function findResource(apiVersion: string, plural: string): Resource | undefined {
  return byPath.get(`${apiVersion}/${plural}`);
}

export function findResourceOfKind(apiVersion: string, kind: string): Resource | undefined {
  return byKind.get(`${apiVersion}/${kind}`);
}

/** Whether a group and version exist at all: a path below an unknown one is not the API's. */
export function isKnownApiVersion(apiVersion: string): boolean {
  return RESOURCES.some((resource) => apiVersionOf(resource) === apiVersion);
}
