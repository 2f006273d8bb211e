import type { Bounds } from '../../core/branch.ts';
import type { Annotations, WorkloadRef } from '../../core/workload.ts';
import { answerError } from './kubernetes-error.ts';
import { type KubernetesTarget, readJson, send } from './kubernetes-rest.ts';
import { ownAnnotations } from './kubernetes-workload.ts';
import { listPages } from './list-pages.ts';

/** What we read of a HorizontalPodAutoscaler (`autoscaling/v2`). */
type AutoscalerObject = {
  readonly spec?: {
    readonly scaleTargetRef?: { readonly kind?: string; readonly name?: string };
    readonly minReplicas?: number;
    readonly maxReplicas?: number;
  };
};

type NamespaceObject = { readonly metadata: { readonly annotations?: Annotations } };

/**
 * Reads the annotations of the namespace itself. Source: a Role may grant `get` of the namespace that it is in.
 * @throws ClusterError
 */
export async function readInherited(target: KubernetesTarget): Promise<Annotations> {
  const { namespace } = target;
  const call = { verb: 'get', resource: 'namespaces', namespace, name: namespace } as const;
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
  const answer = await send(target, call, { method: 'GET', path });
  if (answer.status !== 200) throw answerError(call, answer.status, answer.body);
  return readJson(call, answer, ({ metadata }: NamespaceObject) =>
    ownAnnotations(metadata.annotations ?? {}),
  );
}

/**
 * Reads which workloads an HPA scales, and between which counts.
 * @throws ClusterError
 */
export async function listBounds(target: KubernetesTarget): Promise<ReadonlyMap<WorkloadRef, Bounds>> {
  const { namespace } = target;
  const call = { verb: 'list', resource: 'horizontalpodautoscalers', namespace } as const;
  const path = `/apis/autoscaling/v2/namespaces/${encodeURIComponent(namespace)}/horizontalpodautoscalers`;
  return new Map((await listPages(target, call, { path, readItem })).flat());
}

/** None or one. Source: `minReplicas` is 1 where it is not given. */
function readItem({ spec = {} }: AutoscalerObject): (readonly [WorkloadRef, Bounds])[] {
  const { scaleTargetRef: { kind = '', name = '' } = {}, minReplicas: min = 1, maxReplicas: max } = spec;
  const known = kind.toLowerCase();
  if ((known !== 'deployment' && known !== 'statefulset') || max === undefined) return [];
  return [[`${known}/${name}`, { min, max }]];
}
