import { z } from 'zod';
import type { FieldProblem } from '../api-error.ts';
import { isDeepEqual } from '../json-value.ts';
import type { Draft } from '../stored-object.ts';
import { invalidField, metadataProblems, requiredField, subdomainProblems } from '../validate-metadata.ts';
import { defineResource } from './define-resource.ts';
import { listOf, objectOf } from './pod-template.ts';
import { objectSchema } from './schema.ts';

export const ENDPOINT_SLICES = defineResource({
  group: 'discovery.k8s.io',
  plural: 'endpointslices',
  kind: 'EndpointSlice',
  schema: objectSchema({
    endpoints: z.array(z.looseObject({ addresses: z.array(z.string()) })).nullish(),
    ports: z.array(z.looseObject({})).nullish(),
  }),
  isNewGeneration: (current, next) =>
    !isDeepEqual(content(current), content(next)) ||
    !isDeepEqual(current.metadata.labels, next.metadata.labels),
  withDefaults: (draft) => ({ ...draft, endpoints: draft.endpoints ?? null, ports: draft.ports ?? null }),
  validate: (draft) => [...metadataProblems(draft, subdomainProblems), ...sliceProblems(draft)],
});

function content({ metadata: _, ...fields }: Draft): object {
  return fields;
}

function sliceProblems({ addressType, endpoints }: Draft): readonly FieldProblem[] {
  const missing = addressType === undefined ? [requiredField('addressType')] : [];
  const addresses = listOf(endpoints).flatMap((endpoint, index) =>
    listOf(objectOf(endpoint).addresses).flatMap((address, place) =>
      addressProblems(`endpoints[${index}].addresses[${place}]`, String(address)),
    ),
  );
  return [...missing, ...addresses];
}

function addressProblems(field: string, address: string): readonly FieldProblem[] {
  const isLoopback = address.startsWith('127.');
  return isLoopback
    ? [invalidField(field, address, 'may not be in the loopback range (127.0.0.0/8, ::1/128)')]
    : [];
}
