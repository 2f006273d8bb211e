import type { Autoscaler, Metric } from './controlled-objects.ts';

/** Why a metric tells nothing, in the words of kube-controller-manager 1.37. */
export type MetricFailure = {
  readonly reason: string;
  readonly why: string;
  /** `cpu resource` */
  readonly metric: string;
};

const UNSERVED = 'the server could not find the requested resource';

/** What becomes of an autoscaler's first metric where no API serves metrics. */
export function metricFailureOf({ metadata, spec }: Autoscaler): MetricFailure {
  const [metric] = spec.metrics;
  return metric?.external === undefined
    ? resourceFailure(metric?.resource)
    : externalFailure(metric.external, metadata.namespace ?? '');
}

function resourceFailure(resource: Metric['resource']): MetricFailure {
  const { name = 'cpu', target } = resource ?? {};
  const unit = target?.type === 'AverageValue' ? 'usage' : 'utilization';
  const fetched = `unable to fetch metrics from resource metrics API: ${UNSERVED} (get pods.metrics.k8s.io)`;
  const why = `failed to get ${name} ${unit}: unable to get metrics for resource ${name}: ${fetched}`;
  return { reason: 'FailedGetResourceMetric', why, metric: `${name} resource` };
}

function externalFailure({ metric }: NonNullable<Metric['external']>, namespace: string): MetricFailure {
  const { name } = metric;
  const unserved = `${UNSERVED} (get ${name}.external.metrics.k8s.io)`;
  const why = `unable to get external metric ${namespace}/${name}/nil: unable to fetch metrics from external metrics API: ${unserved}`;
  return { reason: 'FailedGetExternalMetric', why, metric: `${name} external` };
}
