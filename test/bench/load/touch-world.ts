import path from 'node:path';
import { eventually } from '../../e2e/visits.ts';
import { createBranch, createNamespace } from '../../world/branch-manifests.ts';
import { startEmbeddedKubernetes } from '../../world/embedded-kubernetes/start.ts';
import { startFirestoreEmulator } from '../../world/firestore-emulator.ts';
import { createKubernetesApi } from '../../world/kubernetes-api.ts';
import { DATABASE, PROJECT } from '../../world/real-world.ts';
import { requirePart } from '../require-part.ts';
import type { Load } from './load-client.ts';
import { type Instance, startInstance } from './start-instance.ts';
import { getRequest, type LoadClient, startLoadClient } from './start-load-client.ts';

/** Instances of `wake` that know some awake branches, and one of functions-framework's hello world. */
export type TouchWorld = {
  readonly hello: Instance;
  /** Starts an instance and touches the first `known` branches, so that it knows them. */
  readonly startWake: (known: number) => Promise<Instance>;
  readonly client: LoadClient;
  readonly stop: () => Promise<void>;
};

const NAMESPACE = 'staging';
const HELLO = path.resolve(import.meta.dirname, '../competitors/hello.ts');
const CREATES_AT_ONCE = 16;
/** More of them at once than this would be taken for hosts that somebody made up. */
const FIRST_TOUCHES_AT_ONCE = 16;
const FIRST_TOUCHES_MS = 120_000;

/** Starts both, and creates so many branches that are awake. */
export async function startTouchWorld(branches: number): Promise<TouchWorld> {
  await using starting = new AsyncDisposableStack();
  const gcloud = requirePart('firestore-emulator');
  const firestore = starting.adopt(await startFirestoreEmulator({ gcloud }), (one) => one.stop());
  const kubernetes = starting.adopt(await startEmbeddedKubernetes({ controllers: false }), (one) =>
    one.stop(),
  );
  await createBranches(kubernetes.url, branches);
  const hello = starting.adopt(
    await startInstance({ FUNCTION_TARGET: 'hello', FUNCTION_SOURCE: HELLO }),
    (one) => one.stop(),
  );
  const client = starting.adopt(startLoadClient(), (one) => one.stop());
  const env = {
    FUNCTION_TARGET: 'wake',
    DORMOUSE_CLUSTER: 'miniature',
    DORMOUSE_NAMESPACE: NAMESPACE,
    DORMOUSE_KUBERNETES_URL: kubernetes.url,
    DORMOUSE_FIRESTORE_DATABASE: DATABASE,
    GOOGLE_CLOUD_PROJECT: PROJECT,
    FIRESTORE_EMULATOR_HOST: firestore.host,
  };
  const started = starting.move();
  return {
    hello,
    startWake: async (known) => {
      const instance = started.adopt(await startInstance(env), (one) => one.stop());
      // The emulator's first answers may come too late.
      const touchAll = (count: number) => client.send(touchesOnce(instance.port, count));
      for (const count of [1, known]) await eventually(() => touchAll(count).catch(() => undefined), Boolean);
      return instance;
    },
    client,
    stop: () => started.disposeAsync(),
  };
}

/** Touches of the first `branches` branches in turn. */
export function touches(branches: number): readonly string[] {
  return Array.from({ length: branches }, (_, n) =>
    getRequest('/touch', { Host: 'wake', 'X-Dormouse-Host': `${branchName(n)}.example.com` }),
  );
}

function touchesOnce(port: number, branches: number): Load {
  return {
    port,
    connections: Math.min(FIRST_TOUCHES_AT_ONCE, branches),
    durationMs: FIRST_TOUCHES_MS,
    atMost: branches,
    requests: touches(branches),
    status: 204,
  };
}

function branchName(n: number): string {
  return `known-${n}--g`;
}

async function createBranches(url: string, count: number): Promise<void> {
  const api = createKubernetesApi({ url });
  await createNamespace(api, NAMESPACE);
  const names = Array.from({ length: count }, (_, n) => branchName(n)).values();
  await Promise.all(
    Array.from({ length: CREATES_AT_ONCE }, async () => {
      for (const name of names) await createBranch(api, { namespace: NAMESPACE, name });
    }),
  );
  api.close();
}
