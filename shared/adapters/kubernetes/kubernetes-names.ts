import { parseWorkloadRef, type WorkloadKind, type WorkloadRef } from '../../core/workload.ts';

/** A workload as a URL names it. */
export type WorkloadName = { readonly kind: WorkloadKind; readonly name: string };

const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const MAX_WORKLOAD_NAME_CHARACTERS = 253;

/** Whether a Service could bear this name. Source: RFC 1123 labels. */
export function isDnsLabel(name: string): boolean {
  return DNS_LABEL.test(name);
}

/** Reads a ref whose name Kubernetes would accept: labels with dots between them. Undefined for any other. */
export function parseWorkloadName(ref: WorkloadRef): WorkloadName | undefined {
  const parsed = parseWorkloadRef(ref);
  if (parsed === undefined || parsed.name.length > MAX_WORKLOAD_NAME_CHARACTERS) return undefined;
  return parsed.name.split('.').every((label) => DNS_LABEL.test(label)) ? parsed : undefined;
}

/** The path of a kind's collection, or of one object in it. */
export function workloadPath(namespace: string, kind: WorkloadKind, name?: string): string {
  const collection = `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/${kind}s`;
  return name === undefined ? collection : `${collection}/${encodeURIComponent(name)}`;
}
