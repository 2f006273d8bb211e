import type { Autoscaler } from './controlled-objects.ts';

/** What an autoscaler does with a workload of some size. */
export type AutoscaleStep =
  | { readonly step: 'disabled' }
  | { readonly step: 'rescale'; readonly replicas: number; readonly why: string }
  | { readonly step: 'measure' };

/**
 * Decides the next step of a HorizontalPodAutoscaler. One at 0 stays there, unless the autoscaler itself brought it to 0,
 * which without metrics it never does. Source: pkg/controller/podautoscaler/horizontal.go
 */
export function planAutoscale({ spec }: Pick<Autoscaler, 'spec'>, replicas: number): AutoscaleStep {
  const { minReplicas, maxReplicas } = spec;
  if (replicas === 0) return { step: 'disabled' };
  const why = (where: string) => `Current number of replicas ${where}`;
  if (replicas > maxReplicas) {
    return { step: 'rescale', replicas: maxReplicas, why: why('above Spec.MaxReplicas') };
  }
  if (replicas < minReplicas) {
    return { step: 'rescale', replicas: minReplicas, why: why('below Spec.MinReplicas') };
  }
  return { step: 'measure' };
}
