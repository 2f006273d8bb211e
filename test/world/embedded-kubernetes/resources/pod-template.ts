import type { FieldProblem } from '../api-error.ts';
import { isJsonObject, type JsonObject } from '../json-value.ts';
import { labelSelectorOf, matchesLabels } from '../label-selector.ts';
import type { StringMap } from '../stored-object.ts';
import { invalidField, requiredField } from '../validate-metadata.ts';

/** Source: pkg/apis/core/v1/defaults.go; whatever kube-apiserver 1.37 adds to a bare pod template. */
export function podSpecWithDefaults(spec: JsonObject): JsonObject {
  return {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
    ...spec,
    ...containersWithDefaults(spec, 'containers'),
    ...containersWithDefaults(spec, 'initContainers'),
  };
}

export function podTemplateWithDefaults(template: unknown): JsonObject {
  const { spec, ...rest } = objectOf(template);
  return { ...rest, spec: podSpecWithDefaults(objectOf(spec)) };
}

/** What is wrong with a workload's selector and template. */
export function templateProblems(spec: JsonObject): readonly FieldProblem[] {
  const template = objectOf(spec.template);
  const labels = objectOf(template.metadata).labels as StringMap | undefined;
  const selector = labelSelectorOf(spec.selector);
  const isMatching = selector !== undefined && matchesLabels(selector, labels);
  const rule = '`selector` does not match template `labels`';
  return [
    ...(selector === undefined ? [requiredField('spec.selector')] : []),
    ...(isMatching ? [] : [invalidField('spec.template.metadata.labels', labels ?? null, rule)]),
    ...podSpecProblems('spec.template.spec', objectOf(template.spec)),
  ];
}

export function podSpecProblems(field: string, spec: JsonObject): readonly FieldProblem[] {
  const containers = listOf(spec.containers);
  if (containers.length === 0) return [requiredField(`${field}.containers`)];
  return containers.flatMap((container, index) => {
    const at = `${field}.containers[${index}]`;
    return ['name', 'image']
      .filter((name) => !objectOf(container)[name])
      .map((name) => requiredField(`${at}.${name}`));
  });
}

/** What is wrong with a count of replicas. */
export function replicasProblems({ replicas }: JsonObject): readonly FieldProblem[] {
  const isNegative = typeof replicas === 'number' && replicas < 0;
  return isNegative ? [invalidField('spec.replicas', replicas, 'must be greater than or equal to 0')] : [];
}

export function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function containersWithDefaults(spec: JsonObject, field: 'containers' | 'initContainers'): JsonObject {
  if (!Array.isArray(spec[field])) return {};
  return { [field]: spec[field].map((container) => containerWithDefaults(objectOf(container))) };
}

function containerWithDefaults(container: JsonObject): JsonObject {
  return {
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: isLatest(container.image) ? 'Always' : 'IfNotPresent',
    ...container,
    ...portsWithDefaults(container.ports),
    ...probesWithDefaults(container),
  };
}

/** Whether an image has no tag, or `latest`. A digest is as good as a tag. */
function isLatest(image: unknown): boolean {
  const name =
    String(image ?? '')
      .split('/')
      .at(-1) ?? '';
  return !name.includes('@') && (!name.includes(':') || name.endsWith(':latest'));
}

function portsWithDefaults(ports: unknown): JsonObject {
  if (!Array.isArray(ports)) return {};
  return { ports: ports.map((port) => ({ protocol: 'TCP', ...objectOf(port) })) };
}

function probesWithDefaults(container: JsonObject): JsonObject {
  const names = ['readinessProbe', 'livenessProbe', 'startupProbe'];
  const probes = names.filter((name) => isJsonObject(container[name]));
  return Object.fromEntries(probes.map((name) => [name, probeWithDefaults(objectOf(container[name]))]));
}

function probeWithDefaults(probe: JsonObject): JsonObject {
  return {
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
    ...probe,
    ...(isJsonObject(probe.httpGet) ? { httpGet: { path: '/', scheme: 'HTTP', ...probe.httpGet } } : {}),
  };
}
