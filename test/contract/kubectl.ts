import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadYaml } from '@kubernetes/client-node';
import type { ControlPlane } from '../world/control-plane.ts';
import type { KubernetesApi } from '../world/kubernetes-api.ts';

/** Carries out what people type and apply, in one namespace. */
export type Kubectl = {
  /** `['kubectl', 'annotate', …]` */
  readonly run: (words: readonly string[]) => Promise<void>;
  /** One object as YAML. */
  readonly apply: (yaml: string) => Promise<void>;
};

type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
};

/** The real one. */
export function createRealKubectl({ kubectl }: ControlPlane, namespace: string): Kubectl {
  return {
    run: async ([, ...words]) => void (await kubectl(`--namespace=${namespace}`, ...words)),
    apply: async (yaml) => {
      const folder = mkdtempSync(path.join(tmpdir(), 'dormouse-apply-'));
      const file = path.join(folder, 'object.yaml');
      writeFileSync(file, yaml);
      const applying = kubectl(`--namespace=${namespace}`, 'apply', '-f', file);
      await applying.finally(() => rmSync(folder, { recursive: true }));
    },
  };
}

/** The few commands of the docs as requests, where there is no kubectl. */
export function createPlainKubectl(api: KubernetesApi, namespace: string): Kubectl {
  return {
    run: async ([, ...words]) => {
      const { path, patch } = requestOf(words, namespace);
      await api.patch(path, patch);
    },
    apply: async (yaml) => {
      const manifest = loadYaml<Manifest>(yaml);
      const plural = `${manifest.kind.toLowerCase()}s`;
      await api.create(`/apis/${manifest.apiVersion}/namespaces/${namespace}/${plural}`, manifest);
    },
  };
}

/** @throws Error for a command that the docs do not use */
function requestOf(words: readonly string[], namespace: string): { path: string; patch: object } {
  const [command = '', ...rest] = words;
  const [kind = '', name = '', ...settings] = command === 'rollout' ? rest.slice(1) : rest;
  const path = pathOf(kind, name, namespace);
  const pairs = Object.fromEntries(settings.map((setting) => splitOnce(setting, '=')));
  if (command === 'annotate') return { path, patch: { metadata: { annotations: pairs } } };
  if (command === 'label') return { path, patch: { metadata: { labels: pairs } } };
  if (command === 'scale')
    return { path: `${path}/scale`, patch: { spec: { replicas: Number(pairs['--replicas']) } } };
  if (command === 'rollout' && rest[0] === 'restart') return { path, patch: restart(new Date()) };
  throw new Error(`the docs have a command that no test carries out: ${words.join(' ')}`);
}

function pathOf(kind: string, name: string, namespace: string): string {
  if (kind === 'namespace') return `/api/v1/namespaces/${name}`;
  return `/apis/apps/v1/namespaces/${namespace}/${kind}s/${name}`;
}

function restart(now: Date): object {
  const annotations = { 'kubectl.kubernetes.io/restartedAt': now.toISOString() };
  return { spec: { template: { metadata: { annotations } } } };
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + separator.length)];
}
