import type { StartFailure } from './behaviour.ts';

/** One state that a container shows while it cannot start, with the events that go with it. */
export type FailureStage = {
  readonly reason: string;
  readonly message: string;
  readonly events: readonly { readonly reason: string; readonly message: string; readonly type?: 'Normal' }[];
};

/**
 * What a container shows while a failure lasts, one stage after another, until the next attempt.
 * Source: kubernetes 1.37, pkg/kubelet/images/image_manager.go and pkg/kubelet/kuberuntime/kuberuntime_container.go
 */
export function failureStages(failure: StartFailure, image: string): readonly FailureStage[] {
  return STAGES[failure](image);
}

const CONFIG_PROBLEM = 'configmap "settings" not found';
const CREATE_PROBLEM = 'failed to generate container spec: failed to generate spec: no command specified';

const STAGES: Record<StartFailure, (image: string) => readonly FailureStage[]> = {
  'image-pull': pullStages,
  'image-never-pull': (image) => [
    stage('ErrImageNeverPull', {
      message: `Container image "${image}" is not present with pull policy of Never`,
      eventReason: 'ErrImageNeverPull',
    }),
  ],
  'invalid-image-name': (image) => [
    stage('InvalidImageName', {
      message: `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`,
      eventReason: 'InspectFailed',
    }),
  ],
  'config-error': () => [stage('CreateContainerConfigError', { message: CONFIG_PROBLEM })],
  'create-error': () => [stage('CreateContainerError', { message: CREATE_PROBLEM })],
};

function stage(reason: string, told: { message: string; eventReason?: string }): FailureStage {
  const first = told.eventReason === undefined ? [] : [{ reason: told.eventReason, message: told.message }];
  const error = told.eventReason === undefined ? told.message : reason;
  return {
    reason,
    message: told.message,
    events: [...first, { reason: 'Failed', message: `Error: ${error}` }],
  };
}

function pullStages(image: string): readonly FailureStage[] {
  const problem = `failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found`;
  const backOff = `Back-off pulling image "${image}"`;
  return [
    {
      reason: 'ErrImagePull',
      message: problem,
      events: [
        { reason: 'Failed', message: `Failed to pull image "${image}": ${problem}` },
        { reason: 'Failed', message: 'Error: ErrImagePull' },
      ],
    },
    {
      reason: 'ImagePullBackOff',
      message: `${backOff}: ErrImagePull: ${problem}`,
      events: [
        { reason: 'BackOff', message: backOff, type: 'Normal' },
        { reason: 'Failed', message: 'Error: ImagePullBackOff' },
      ],
    },
  ];
}
