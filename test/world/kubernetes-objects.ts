/** Kubernetes objects as they are on the wire: only the fields that the world's stand-ins read or write. */

export type Metadata = {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
};

export type KubernetesObject = { readonly metadata: Metadata };

export type KubernetesList<T> = {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items?: readonly T[];
};

/** RFC 3339, whole seconds. */
export type Timestamp = string;

export type Container = {
  readonly name: string;
  readonly image: string;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly readinessProbe?: object;
  /** `Always` makes an init container a restartable one ("sidecar"). */
  readonly restartPolicy?: string;
  readonly lifecycle?: { readonly preStop?: { readonly sleep?: { readonly seconds: number } } };
};

export type Pod = KubernetesObject & {
  readonly spec: {
    readonly containers: readonly Container[];
    readonly initContainers?: readonly Container[];
    readonly nodeName?: string;
    readonly restartPolicy?: 'Always' | 'OnFailure' | 'Never';
  };
  readonly status?: Partial<PodStatus>;
};

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

export type PodCondition = {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: Timestamp | null;
};

export type Terminated = {
  readonly exitCode: number;
  readonly reason: string;
  readonly startedAt: Timestamp | null;
  readonly finishedAt: Timestamp;
};

export type ContainerState = {
  readonly waiting?: { readonly reason: string; readonly message?: string };
  readonly running?: { readonly startedAt: Timestamp };
  readonly terminated?: Terminated;
};

export type ContainerStatus = {
  readonly name: string;
  readonly image: string;
  readonly imageID: string;
  readonly ready: boolean;
  readonly started: boolean;
  readonly restartCount: number;
  readonly state: ContainerState;
  readonly lastState: ContainerState;
};

export type PodStatus = {
  readonly phase: PodPhase;
  readonly conditions: readonly PodCondition[];
  readonly startTime: Timestamp;
  readonly hostIP: string;
  readonly hostIPs: readonly { readonly ip: string }[];
  readonly podIP: string;
  readonly podIPs: readonly { readonly ip: string }[];
  readonly initContainerStatuses: readonly ContainerStatus[];
  readonly containerStatuses: readonly ContainerStatus[];
};

export type Service = KubernetesObject & {
  readonly spec: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly ports?: readonly { readonly port: number }[];
  };
};

export type Endpoint = {
  readonly addresses: readonly string[];
  readonly conditions?: {
    readonly ready?: boolean | null;
    readonly serving?: boolean | null;
    readonly terminating?: boolean | null;
  };
};

export type EndpointSlice = KubernetesObject & {
  readonly endpoints?: readonly Endpoint[] | null;
  readonly ports?: readonly { readonly port?: number | null }[] | null;
};
