import { setTimeout as delay } from 'node:timers/promises';
import { type Workload, type WorkloadKind, workloadRef } from '../../core/workload.ts';
import type { VisitCluster } from '../../ports.ts';
import { answerError, isNotFound } from './kubernetes-error.ts';
import { isDnsLabel, parseWorkloadName, type WorkloadName, workloadPath } from './kubernetes-names.ts';
import { type KubernetesTarget, readJson, send } from './kubernetes-rest.ts';
import { listBounds, readInherited } from './kubernetes-surroundings.ts';
import { BRANCH_LABEL, type WorkloadObject, workloadFrom } from './kubernetes-workload.ts';

const KINDS: readonly WorkloadKind[] = ['deployment', 'statefulset'];

/**
 * The name that an audit log shows for our writes. `managedFields` shows none: at 0 nobody owns the replicas, and a later
 * scale takes nothing from nobody. Source: kube-apiserver 1.37, tried.
 */
export const FIELD_MANAGER = 'dormouse';

export type KubernetesVisitsOptions = KubernetesTarget & {
  /** How long a raise may be without an answer before it is sent once more, beside the first. Default 3 s. */
  readonly raiseAgainAfterMs?: number;
};

const RAISE_AGAIN_AFTER_MS = 3_000;

/**
 * Creates the touch path's view of a namespace, over plain REST: client-node would cost a cold start its import.
 * A name that Kubernetes could not hold is answered without a call.
 */
export function createKubernetesVisits(options: KubernetesVisitsOptions): VisitCluster {
  const { raiseAgainAfterMs = RAISE_AGAIN_AFTER_MS, ...target } = options;
  return {
    readBranch: async (branch) => (isDnsLabel(branch) ? readBranch(target, branch) : []),
    hasService: async (branch) => isDnsLabel(branch) && hasService(target, branch),
    readWorkload: async (ref) => {
      const workload = parseWorkloadName(ref);
      return workload && readWorkload(target, workload);
    },
    raise: async (ref, replicas) => {
      const workload = parseWorkloadName(ref);
      if (workload === undefined) return 'gone';
      return askTwice(() => raise(target, workload, replicas), raiseAgainAfterMs);
    },
    readInherited: () => readInherited(target),
    listBounds: () => listBounds(target),
  };
}

async function hasService(target: KubernetesTarget, branch: string): Promise<boolean> {
  const { namespace } = target;
  const call = { verb: 'get', resource: 'services', namespace, name: branch } as const;
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/services/${encodeURIComponent(branch)}`;
  const answer = await send(target, call, { method: 'GET', path });
  if (isNotFound(answer.status, answer.body)) return false;
  if (answer.status !== 200) throw answerError(call, answer.status, answer.body);
  return true;
}

async function readBranch(target: KubernetesTarget, branch: string): Promise<readonly Workload[]> {
  const reads = KINDS.flatMap((kind) => [
    listLabelled(target, kind, branch),
    readNamesake(target, { kind, name: branch }),
  ]);
  const workloads = (await Promise.all(reads)).flat();
  return [...new Map(workloads.map((workload) => [workloadRef(workload), workload])).values()];
}

/** The workload of the branch's name, unless its label gives it to another. */
async function readNamesake(target: KubernetesTarget, workload: WorkloadName): Promise<readonly Workload[]> {
  const read = await readWorkload(target, workload);
  return read === undefined || (read.branchLabel ?? read.name) !== workload.name ? [] : [read];
}

async function listLabelled(target: KubernetesTarget, kind: WorkloadKind, branch: string) {
  const call = { verb: 'list', resource: `${kind}s`, namespace: target.namespace } as const;
  const query = { labelSelector: `${BRANCH_LABEL}=${branch}` };
  const answer = await send(target, call, {
    method: 'GET',
    path: workloadPath(target.namespace, kind),
    query,
  });
  if (answer.status !== 200) throw answerError(call, answer.status, answer.body);
  return readJson(call, answer, ({ items }: { items: readonly WorkloadObject[] }) =>
    items.map((item) => workloadFrom(kind, item)),
  );
}

async function readWorkload(target: KubernetesTarget, { kind, name }: WorkloadName) {
  const call = { verb: 'get', resource: `${kind}s`, namespace: target.namespace, name } as const;
  const answer = await send(target, call, {
    method: 'GET',
    path: workloadPath(target.namespace, kind, name),
  });
  if (isNotFound(answer.status, answer.body)) return undefined;
  if (answer.status !== 200) throw answerError(call, answer.status, answer.body);
  return readJson(call, answer, (object: WorkloadObject) => workloadFrom(kind, object));
}

/**
 * A raise that was done and never answered would hold its visitor until it times out: asked again, Kubernetes says that
 * it is done. The first is not cut off, since an admission webhook may be slow, and no longer waited for than without
 * the second.
 */
async function askTwice<Answer>(ask: () => Promise<Answer>, againAfterMs: number): Promise<Answer> {
  const answered = new AbortController();
  const first = ask().finally(() => answered.abort());
  const second = delay(againAfterMs, undefined, { signal: answered.signal }).then(ask, () => first);
  return Promise.race([first, second.catch(() => first)]);
}

/**
 * "Still at 0" is a test of the whole spec: a Scale omits replicas when they are 0, so a test of their value would
 * always fail, and a resourceVersion would lose against every status write.
 */
async function raise(target: KubernetesTarget, workload: WorkloadName, replicas: number) {
  const { kind, name } = workload;
  const call = { verb: 'patch', resource: `${kind}s/scale`, namespace: target.namespace, name } as const;
  const operations = [
    { op: 'test', path: '/spec', value: {} },
    { op: 'add', path: '/spec/replicas', value: replicas },
  ];
  const answer = await send(target, call, {
    method: 'PATCH',
    path: `${workloadPath(target.namespace, kind, name)}/scale`,
    query: { fieldManager: FIELD_MANAGER },
    contentType: 'application/json-patch+json',
    body: JSON.stringify(operations),
  });
  if (answer.status === 200) return 'raised' as const;
  if (isNotFound(answer.status, answer.body)) return 'gone' as const;
  // An admission policy refuses with 422 as well: a wake that was forbidden must not look like one that is done.
  if (answer.status === 422 && !(await isAtZero(target, workload))) return 'not-at-zero' as const;
  throw answerError(call, answer.status, answer.body);
}

async function isAtZero(target: KubernetesTarget, workload: WorkloadName): Promise<boolean> {
  return (await readWorkload(target, workload))?.replicas === 0;
}
