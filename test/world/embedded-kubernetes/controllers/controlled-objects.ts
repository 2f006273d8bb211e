import type { StoredObject, StringMap } from '../stored-object.ts';

/** Objects as the controllers see them: the schemas of `resources/` have checked these fields. */

export type Condition = {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
  readonly lastUpdateTime?: string;
  readonly lastTransitionTime?: string | null;
};

export type LabelSelectorObject = {
  readonly matchLabels?: StringMap;
  readonly matchExpressions?: readonly unknown[];
};

export type PodTemplate = {
  readonly metadata?: { readonly labels?: StringMap; readonly annotations?: StringMap };
  readonly spec: PodSpec;
};

export type PodSpec = {
  readonly nodeName?: string;
  readonly containers: readonly {
    readonly ports?: readonly {
      readonly name?: string;
      readonly containerPort: number;
      readonly protocol?: string;
    }[];
  }[];
};

export type Pod = StoredObject & {
  readonly spec: PodSpec;
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly conditions?: readonly Condition[];
  };
};

type WorkloadSpec = {
  readonly replicas: number;
  readonly minReadySeconds?: number;
  readonly selector: LabelSelectorObject;
  readonly template: PodTemplate;
};

export type ReplicaSet = StoredObject & {
  readonly spec: WorkloadSpec;
  readonly status: {
    readonly replicas: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly terminatingReplicas?: number;
    readonly observedGeneration?: number;
    readonly conditions?: readonly Condition[];
  };
};

export type Deployment = StoredObject & {
  readonly spec: WorkloadSpec & {
    readonly paused?: boolean;
    readonly revisionHistoryLimit: number;
    readonly progressDeadlineSeconds: number;
    readonly strategy:
      | { readonly type: 'Recreate' }
      | {
          readonly type: 'RollingUpdate';
          readonly rollingUpdate: {
            readonly maxSurge: number | string;
            readonly maxUnavailable: number | string;
          };
        };
  };
  readonly status: DeploymentStatus;
};

export type DeploymentStatus = {
  readonly observedGeneration?: number | undefined;
  readonly replicas?: number | undefined;
  readonly updatedReplicas?: number | undefined;
  readonly readyReplicas?: number | undefined;
  readonly availableReplicas?: number | undefined;
  readonly unavailableReplicas?: number | undefined;
  readonly terminatingReplicas?: number | undefined;
  readonly conditions?: readonly Condition[] | undefined;
};

export type StatefulSet = StoredObject & {
  readonly spec: WorkloadSpec & {
    readonly serviceName?: string;
    readonly podManagementPolicy: 'OrderedReady' | 'Parallel';
    readonly updateStrategy:
      | { readonly type: 'OnDelete' }
      | { readonly type: 'RollingUpdate'; readonly rollingUpdate: { readonly partition: number } };
  };
  readonly status: StatefulSetStatus;
};

export type StatefulSetStatus = {
  readonly observedGeneration?: number | undefined;
  readonly replicas: number;
  readonly readyReplicas?: number | undefined;
  readonly currentReplicas?: number | undefined;
  readonly updatedReplicas?: number | undefined;
  readonly availableReplicas: number;
  readonly currentRevision?: string | undefined;
  readonly updateRevision?: string | undefined;
  readonly collisionCount?: number | undefined;
};

/** What a metric is of; of the kinds there are, these two. */
export type Metric = {
  readonly resource?: { readonly name: string; readonly target: { readonly type: string } };
  readonly external?: { readonly metric: { readonly name: string } };
};

export type Autoscaler = StoredObject & {
  readonly spec: {
    readonly scaleTargetRef: { readonly apiVersion: string; readonly kind: string; readonly name: string };
    readonly minReplicas: number;
    readonly maxReplicas: number;
    readonly metrics: readonly Metric[];
  };
  readonly status: AutoscalerStatus;
};

export type AutoscalerStatus = {
  readonly observedGeneration?: number;
  readonly lastScaleTime?: string;
  readonly currentReplicas?: number;
  readonly desiredReplicas: number;
  readonly currentMetrics: readonly { readonly type: string }[] | null;
  readonly conditions?: readonly Condition[];
};

export type ServicePort = {
  readonly name?: string;
  readonly port: number;
  readonly targetPort: number | string;
  readonly protocol: string;
};

export type Service = StoredObject & {
  readonly spec: {
    readonly type: string;
    readonly clusterIP?: string;
    readonly selector?: StringMap;
    readonly ports?: readonly ServicePort[];
    readonly publishNotReadyAddresses?: boolean;
  };
};
