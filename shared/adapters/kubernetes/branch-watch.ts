import type { V1Pod } from '@kubernetes/client-node';
import type { BranchView, PodView, WorkloadView } from '../../core/branch-view.ts';
import { workloadRef } from '../../core/workload.ts';
import type { WatchCluster } from '../../ports.ts';
import { type BranchObjects, createBranchObjects, type WorkloadSource } from './branch-objects.ts';
import { cutText } from './cut-text.ts';
import { watchEndpoints } from './endpoint-watch.ts';
import { isDnsLabel } from './kubernetes-names.ts';
import type { KubernetesTarget } from './kubernetes-rest.ts';
import { labelSelectorText } from './label-selector.ts';
import { mayBePulling, podViewFrom } from './pod-view.ts';
import { countServing, serviceState } from './serving-endpoints.ts';
import {
  createFailure,
  isObserved,
  newestReplicaSet,
  podsOfReplicaSet,
  podsOfStatefulSet,
  replicaFailure,
  rolloutFailure,
} from './workload-pods.ts';

const CHANGE_CAUSE = 'kubernetes.io/change-cause';
/** Of how many pods the events are read, which alone tell that an image is on its way. */
const MAX_PODS_ASKED = 3;
const NOTHING: BranchView = { service: 'missing', servingEndpoints: 0, workloads: [] };

/**
 * Creates what a held request and the waiting page see of a namespace, by plain REST over the transport that it shares
 * with the touch path: client-node, 1.8 MB of code, would delay the first who is held. A branch that is served, or a
 * workload at 0, is not asked for its pods: there they are empty. A name that Kubernetes could not hold is answered
 * without a call.
 */
export function createBranchWatch(target: KubernetesTarget): WatchCluster {
  const objects = createBranchObjects(target);
  return {
    viewBranch: async (branch) => (isDnsLabel(branch) ? viewBranch(objects, branch) : NOTHING),
    watchEndpoints: async (branch, onServing, signal) => {
      if (isDnsLabel(branch)) await watchEndpoints({ ...target, objects }, { branch, onServing, signal });
    },
  };
}

async function viewBranch(objects: BranchObjects, branch: string): Promise<BranchView> {
  const [workloads, service, slices] = await Promise.all([
    objects.workloads(branch),
    objects.service(branch),
    objects.slices(branch),
  ]);
  const servingEndpoints = countServing(service, slices.items);
  const isServed = servingEndpoints > 0;
  const isBearer = ({ object }: WorkloadSource) => object.metadata?.name === branch;
  const sorted = [...workloads.filter(isBearer), ...workloads.filter((source) => !isBearer(source))];
  const views = sorted.map((source) => (isServed ? withoutPods(source) : viewWorkload(objects, source)));
  const changeCause = sorted.find(isBearer)?.object.metadata?.annotations?.[CHANGE_CAUSE];
  return {
    service: serviceState(service),
    servingEndpoints,
    workloads: await Promise.all(views),
    ...(changeCause ? { changeCause: cutText(changeCause) } : {}),
  };
}

async function viewWorkload(objects: BranchObjects, source: WorkloadSource): Promise<WorkloadView> {
  const view = withoutPods(source);
  const stuck = rolloutFailure(source);
  if (stuck !== undefined) return { ...view, createFailure: stuck };
  if (view.replicas === 0 || !isObserved(source)) return view;
  const { pods, failure } = await readPods(objects, source);
  if (pods.length > 0) return { ...view, pods: await Promise.all(pods.map(viewPod(objects))) };
  return failure === undefined ? view : { ...view, createFailure: failure };
}

type CountedPods = { readonly pods: readonly V1Pod[]; readonly failure?: string | undefined };

async function readPods(objects: BranchObjects, source: WorkloadSource): Promise<CountedPods> {
  const selector = labelSelectorText(source.object.spec?.selector ?? {});
  if (source.kind === 'deployment') {
    const [listed, replicaSets] = await Promise.all([objects.pods(selector), objects.replicaSets(selector)]);
    const newest = newestReplicaSet(source.object, replicaSets);
    return { pods: podsOfReplicaSet(newest, listed), failure: replicaFailure(newest) };
  }
  const pods = podsOfStatefulSet(source.object, await objects.pods(selector));
  if (pods.length > 0) return { pods };
  const events = await objects.events(source.object.metadata?.uid ?? '', 'FailedCreate');
  return { pods, failure: createFailure(source.object, events) };
}

function viewPod(objects: BranchObjects) {
  return async (pod: V1Pod, index: number): Promise<PodView> => {
    const isAsked = index < MAX_PODS_ASKED && mayBePulling(pod);
    return podViewFrom(pod, isAsked ? await objects.events(pod.metadata?.uid ?? '') : []);
  };
}

function withoutPods({ kind, object }: WorkloadSource): WorkloadView {
  const ref = workloadRef({ kind, name: object.metadata?.name ?? '' });
  return { ref, replicas: object.spec?.replicas ?? 1, pods: [] };
}
