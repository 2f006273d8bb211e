import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { createArchive } from '../../../functions/package/create-archive.ts';
import { createBranch, createNamespace } from '../../world/branch-manifests.ts';
import { startControlPlane } from '../../world/control-plane.ts';
import { startFirestoreEmulator } from '../../world/firestore-emulator.ts';
import { createKubernetesApi, type KubernetesApi } from '../../world/kubernetes-api.ts';
import { installArchive, unpackArchive } from '../../world/packaged-archive.ts';
import { requirePart } from '../require-part.ts';
import { type ApiGate, startApiGate } from './p1-api-gate.ts';
import { pretendProduction } from './p1-pretend-production.ts';

type Environment = Readonly<Record<string, string>>;

/** A real API server and store with one branch that is awake and one that sleeps, and both sides ready to start. */
export type ColdWorld = {
  readonly gate: ApiGate;
  /** The packaged functions, with the compile cache that Google's build makes. */
  readonly archiveFolder: string;
  readonly helloFolder: string;
  /** What `wake` is given here: no TLS and no tokens. */
  readonly wakeEnv: Environment;
  /** As in production: tokens of a metadata server, TLS to Kubernetes and to the store. */
  readonly productionEnv: Environment;
  /** Scales the branch that sleeps to 0. */
  readonly putToSleep: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

const ROOT = path.resolve(import.meta.dirname, '../../..');
const HELLO = path.join(ROOT, 'test/bench/competitors/hello.ts');
const NAMESPACE = 'staging';
const run = promisify(execFile);

export const AWAKE = 'awake--g';
export const ASLEEP = 'asleep--g';
/** Where the compile cache lies in an unpacked archive. */
export const CACHE = '.compile-cache';

/** @throws MissingPartError */
export async function startColdWorld(): Promise<ColdWorld> {
  await using starting = new AsyncDisposableStack();
  const options = { assets: requirePart('control-plane'), withControllers: false };
  const controlPlane = starting.adopt(await startControlPlane(options), ({ stop }) => stop());
  const gcloud = requirePart('firestore-emulator');
  const emulator = starting.adopt(await startFirestoreEmulator({ gcloud }), ({ stop }) => stop());
  const api = starting.adopt(createKubernetesApi(controlPlane.server()), ({ close }) => close());
  await createBranches(api);
  const gate = starting.adopt(await startApiGate({ target: controlPlane.server() }), ({ close }) => close());
  const folder = starting.adopt(await mkdtemp(path.join(tmpdir(), 'dormouse-cold-start-')), removeFolder);
  const kubernetes = controlPlane.server();
  const production = starting.adopt(
    await pretendProduction({ folder, kubernetes, firestoreHost: emulator.host }),
    ({ close }) => close(),
  );
  const archiveFolder = await prepareArchive(path.join(folder, 'archive'));
  const helloFolder = await prepareHello(path.join(folder, 'hello'), archiveFolder);
  const started = starting.move();
  return {
    gate,
    archiveFolder,
    helloFolder,
    wakeEnv: {
      ...COMMON_ENV,
      DORMOUSE_KUBERNETES_URL: `http://127.0.0.1:${gate.port}`,
      FIRESTORE_EMULATOR_HOST: emulator.host,
    },
    productionEnv: { ...COMMON_ENV, ...production.env },
    putToSleep: () => putToSleep(api),
    stop: () => started.disposeAsync(),
  };
}

const COMMON_ENV = {
  FUNCTION_TARGET: 'wake',
  DORMOUSE_CLUSTER: 'miniature',
  DORMOUSE_NAMESPACE: NAMESPACE,
  DORMOUSE_FIRESTORE_DATABASE: 'dormouse',
  GOOGLE_CLOUD_PROJECT: 'miniature',
};

const removeFolder = (folder: string) => rm(folder, { recursive: true, force: true });

async function createBranches(api: KubernetesApi): Promise<void> {
  await createNamespace(api, NAMESPACE);
  for (const name of [AWAKE, ASLEEP]) await createBranch(api, { namespace: NAMESPACE, name });
}

async function putToSleep(api: KubernetesApi): Promise<void> {
  const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${ASLEEP}/scale`;
  await api.patch(path, { spec: { replicas: 0 } });
}

/** As Google's buildpack does: unpacks, installs, runs `gcp-build`. */
async function prepareArchive(folder: string): Promise<string> {
  await unpackArchive(await createArchive(ROOT), folder);
  await installArchive(folder);
  await run('npm', ['run', 'gcp-build'], { cwd: folder });
  return folder;
}

/** As its README begins, with the same packages in the same versions. */
async function prepareHello(folder: string, archiveFolder: string): Promise<string> {
  await mkdir(folder);
  await cp(HELLO, path.join(folder, 'index.js'));
  await writeFile(path.join(folder, 'package.json'), JSON.stringify({ type: 'module', main: 'index.js' }));
  await cp(path.join(archiveFolder, 'node_modules'), path.join(folder, 'node_modules'), { recursive: true });
  return folder;
}
