import { randomInt } from 'node:crypto';
import { z } from 'zod';
import type { FieldProblem } from '../api-error.ts';
import type { JsonObject } from '../json-value.ts';
import type { Draft, StoredObject } from '../stored-object.ts';
import { invalidField, labelNameProblems, metadataProblems, requiredField } from '../validate-metadata.ts';
import { defineResource } from './define-resource.ts';
import { listOf, objectOf } from './pod-template.ts';
import { int32, intOrString, objectSchema } from './schema.ts';

const portSchema = z.looseObject({
  name: z.string().optional(),
  port: int32,
  targetPort: intOrString.optional(),
  protocol: z.string().optional(),
});

export const SERVICES = defineResource({
  group: '',
  plural: 'services',
  kind: 'Service',
  shortNames: ['svc'],
  subresources: ['status'],
  schema: objectSchema({
    spec: z
      .looseObject({
        type: z.string().optional(),
        clusterIP: z.string().optional(),
        selector: z.record(z.string(), z.string()).optional(),
        ports: z.array(portSchema).optional(),
      })
      .default({}),
  }),
  answersDeleted: true,
  initialize: (draft) => ({
    ...draft,
    spec: withAddress(objectOf(draft.spec)),
    status: { loadBalancer: {} },
  }),
  withDefaults: (draft) => ({ ...draft, spec: specWithDefaults(objectOf(draft.spec)) }),
  validate: (draft) => [
    ...metadataProblems(draft, serviceNameProblems),
    ...portProblems(objectOf(draft.spec)),
  ],
  validateUpdate: addressProblems,
  fieldLabels: {
    'spec.clusterIP': ({ spec }) => String(objectOf(spec).clusterIP ?? ''),
    'spec.type': ({ spec }) => String(objectOf(spec).type ?? ''),
  },
});

/** In the range that the real control plane is given in tests, so that the two look alike. */
function withAddress(spec: JsonObject): JsonObject {
  if (spec.type === 'ExternalName') return spec;
  const clusterIP = spec.clusterIP || `10.0.${randomInt(256)}.${randomInt(1, 255)}`;
  return { ...familiesOf(spec), ...spec, clusterIP, clusterIPs: [clusterIP] };
}

/** A headless Service whose endpoints somebody else writes may have both kinds. Source: kube-apiserver, tried. */
function familiesOf({ clusterIP, selector }: JsonObject): JsonObject {
  return clusterIP === 'None' && selector === undefined
    ? { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' }
    : { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' };
}

function specWithDefaults(spec: JsonObject): JsonObject {
  return {
    type: 'ClusterIP',
    sessionAffinity: 'None',
    ...(spec.type === 'ExternalName' ? {} : { internalTrafficPolicy: 'Cluster' }),
    ...spec,
    ...(Array.isArray(spec.ports)
      ? { ports: spec.ports.map((port) => portWithDefaults(objectOf(port))) }
      : {}),
  };
}

function portWithDefaults(port: JsonObject): JsonObject {
  return { protocol: 'TCP', targetPort: port.port, ...port };
}

function serviceNameProblems(field: string, name: string): readonly FieldProblem[] {
  const hasDot = name.includes('.');
  return hasDot ? [invalidField(field, name, 'must not contain dots')] : labelNameProblems(field, name);
}

function portProblems(spec: JsonObject): readonly FieldProblem[] {
  const ports = listOf(spec.ports).map(objectOf);
  const needsPorts = spec.type !== 'ExternalName' && spec.clusterIP !== 'None';
  if (ports.length === 0) return needsPorts ? [requiredField('spec.ports')] : [];
  const nameless = ports.flatMap(({ name }, index) =>
    name ? [] : [requiredField(`spec.ports[${index}].name`)],
  );
  const outside = ports.flatMap(({ port }, index) => portRange(`spec.ports[${index}].port`, Number(port)));
  return ports.length === 1 ? outside : [...nameless, ...outside];
}

function portRange(field: string, port: number): readonly FieldProblem[] {
  const isPort = port >= 1 && port <= 65_535;
  return isPort ? [] : [invalidField(field, port, 'must be between 1 and 65535, inclusive')];
}

function addressProblems(current: StoredObject, next: Draft): readonly FieldProblem[] {
  const before = objectOf(current.spec).clusterIP;
  const after = objectOf(next.spec).clusterIP;
  if (before === after || objectOf(next.spec).type === 'ExternalName') return [];
  return [invalidField('spec.clusterIPs[0]', [after], 'may not change once set')];
}
