/** The two kinds of workload that have a `scale` subresource and that a branch may consist of. */
export type WorkloadKind = 'deployment' | 'statefulset';

/** Names one workload of the namespace: `deployment/web--g`. The key of a record's `replicas`. */
export type WorkloadRef = `${WorkloadKind}/${string}`;

/** Annotations whose names begin with `dormouse/`. */
export type Annotations = Readonly<Record<string, string>>;

/** What keeps the manifests of a cluster in step with a repository, and would bring back what it lost. */
export type GitOpsTool = 'Argo CD' | 'Flux';

/** What Dormouse reads of a Deployment or StatefulSet. */
export type Workload = {
  readonly kind: WorkloadKind;
  readonly name: string;
  /** Of this very object: one that was made again under the name has another. */
  readonly uid: string;
  /** Opaque; a scale to 0 is made on condition that it has not moved. */
  readonly resourceVersion: string;
  /** Value of the label `dormouse/branch`: it wins over the name. */
  readonly branchLabel?: string;
  readonly annotations: Annotations;
  /** `spec.replicas` */
  readonly replicas: number;
  /**
   * Newest `managedFields[].time` of an entry without `subresource` that kube-controller-manager did not
   * write, else creation. Epoch ms, whole seconds. Source: kube-apiserver 1.37 (scaling is a subresource write).
   */
  readonly lastEditMs: number;
  readonly createdMs: number;
  /** Pods of an older revision serve while the newest does not: from 0 only the newest would start. */
  readonly isRolloutUnfinished: boolean;
  /**
   * Changes with the pod template and with nothing else. Undefined until a controller has looked at it. Source: the annotation
   * `deployment.kubernetes.io/revision`, a StatefulSet's `status.updateRevision`.
   */
  readonly revision?: string;
  /** Undefined if nobody else tracks it. */
  readonly trackedBy?: GitOpsTool;
};

export function workloadRef(workload: Pick<Workload, 'kind' | 'name'>): WorkloadRef {
  return `${workload.kind}/${workload.name}`;
}

/** Reads `deployment/web--g` back; undefined for anything else. */
export function parseWorkloadRef(ref: string): Pick<Workload, 'kind' | 'name'> | undefined {
  const slash = ref.indexOf('/');
  const kind = ref.slice(0, slash);
  const name = ref.slice(slash + 1);
  if (name === '' || (kind !== 'deployment' && kind !== 'statefulset')) return undefined;
  return { kind, name };
}

/** The workload that bears the branch's name: the Deployment, where a StatefulSet bears it too. */
export function bearerOf(branch: string, workloads: readonly Workload[]): Workload | undefined {
  const namesakes = workloads.filter((workload) => workload.name === branch);
  return namesakes.find((workload) => workload.kind === 'deployment') ?? namesakes[0];
}
