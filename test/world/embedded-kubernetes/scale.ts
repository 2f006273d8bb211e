import { z } from 'zod';
import { invalid } from './api-error.ts';
import { labelSelectorOf, labelSelectorText } from './label-selector.ts';
import { objectOf, replicasProblems } from './resources/pod-template.ts';
import { int32, objectSchema } from './resources/schema.ts';
import type { Draft, StoredObject } from './stored-object.ts';

export const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale' } as const;

export const scaleSchema = objectSchema({ spec: z.looseObject({ replicas: int32.optional() }).default({}) });

/** A workload as its Scale: replicas of 0 are left out, so that its spec is `{}`. */
export function scaleOf({ metadata, spec, status }: StoredObject): Draft {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const { replicas, selector } = objectOf(spec);
  const text = labelSelectorText(labelSelectorOf(selector) ?? []);
  return {
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: objectOf(status).replicas ?? 0, ...(text === '' ? {} : { selector: text }) },
  };
}

/**
 * The workload with the replicas of a Scale, under the conditions (version, uid) of that Scale.
 * @throws ApiError 422 when they are negative
 */
export function withScale(workload: StoredObject, scale: Draft): Draft {
  const { replicas = 0 } = objectOf(scale.spec);
  const problems = replicasProblems({ replicas });
  if (problems.length > 0) throw invalid(SCALE, workload.metadata.name, problems);
  return { ...workload, metadata: scale.metadata, spec: { ...objectOf(workload.spec), replicas } };
}
