import type { Draft } from '../stored-object.ts';
import type { Pod, PodTemplate, StatefulSet } from './controlled-objects.ts';
import { controllerReference } from './controller.ts';

export const REVISION_LABEL = 'controller-revision-hash';

const OWNER = { apiVersion: 'apps/v1', kind: 'StatefulSet' };

/** One template of a StatefulSet, by the name that its pods bear. */
export type Revision = { readonly name: string; readonly template: PodTemplate };

/** The pod of that number. */
export function statefulSetPod(set: StatefulSet, ordinal: number, revision: Revision): Draft {
  const { namespace, name } = set.metadata;
  const podName = `${name}-${ordinal}`;
  const { metadata, spec } = revision.template;
  return {
    metadata: {
      ...metadata,
      name: podName,
      generateName: `${name}-`,
      namespace,
      labels: {
        ...metadata?.labels,
        'apps.kubernetes.io/pod-index': String(ordinal),
        [REVISION_LABEL]: revision.name,
        'statefulset.kubernetes.io/pod-name': podName,
      },
      ownerReferences: [controllerReference(set, OWNER)],
    },
    spec: {
      ...spec,
      hostname: podName,
      ...(set.spec.serviceName ? { subdomain: set.spec.serviceName } : {}),
    },
  };
}

export function revisionOf({ metadata }: Pod): string {
  return metadata.labels?.[REVISION_LABEL] ?? '';
}

export function ordinalOf({ metadata }: Pod): number {
  return Number(metadata.name.slice(metadata.name.lastIndexOf('-') + 1));
}
