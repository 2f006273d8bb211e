import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type ControlPlaneUsers, tokenOf, writeControlPlaneFiles } from './control-plane-files.ts';
import { findFreePorts } from './free-ports.ts';
import { type GuardedProcess, startGuarded } from './guarded-process.ts';
import { createKubernetesApi, type KubernetesServer } from './kubernetes-api.ts';

export type ControlPlaneOptions = {
  /** Folder of etcd, kube-apiserver, kube-controller-manager and kubectl. */
  readonly assets: string;
  /** Users beside `admin`, who may do everything; these may do what RBAC gives them. */
  readonly users?: ControlPlaneUsers;
  /** Without controllers, nothing but we changes a workload. Default true. */
  readonly withControllers?: boolean;
  /** PEM of the authority whose client certificates are accepted. */
  readonly clientCaFile?: string;
};

/** A real Kubernetes control plane: it has no kubelet, so that pods stay pending. */
export type ControlPlane = {
  readonly url: string;
  readonly ca: string;
  readonly caFile: string;
  readonly token: (user: string) => string;
  /** How a user (default: `admin`) reaches it. */
  readonly server: (user?: string) => KubernetesServer;
  /** Of `admin`. */
  readonly kubeconfigFile: string;
  /** Runs kubectl as `admin`; its stdout. */
  readonly kubectl: (...args: readonly string[]) => Promise<string>;
  /** Forgets all older versions, as kube-apiserver does every five minutes: positions in lists expire. */
  readonly forgetHistory: () => Promise<void>;
  /** Cuts every connection. */
  readonly restartApiServer: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

type Layout = {
  readonly options: ControlPlaneOptions;
  readonly folder: string;
  readonly url: string;
  readonly etcdUrl: string;
  readonly etcdPeerUrl: string;
};

const READY_TIMEOUT_MS = 90_000;
const POLL_MS = 100;
const START_ATTEMPTS = 3;
const CONTROLLERS = [
  'deployment-controller',
  'replicaset-controller',
  'statefulset-controller',
  'endpointslice-controller',
  'horizontal-pod-autoscaler-controller',
  'job-controller',
  'cronjob-controller',
  'namespace-controller',
  'disruption-controller',
  'garbage-collector-controller',
];

/**
 * Starts etcd, kube-apiserver (RBAC, tokens) and kube-controller-manager on free ports of 127.0.0.1, in a folder of
 * their own that goes with them. Ready in about 4 s. They end when this process does, however it ends.
 *
 * @throws Error with the API server's output when it does not get ready
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnFreePorts(options);
    } catch (error) {
      // Somebody else may have taken a port meanwhile.
      if (attempt === START_ATTEMPTS) throw error;
    }
  }
}

async function startOnFreePorts(options: ControlPlaneOptions): Promise<ControlPlane> {
  const layout = await layOut(options);
  const files = await writeControlPlaneFiles(layout, options.users ?? {});
  const etcd = startGuarded(path.join(options.assets, 'etcd'), etcdFlags(layout));
  const processes = {
    etcd,
    apiServer: startApiServer(layout),
    controllers: undefined as GuardedProcess | undefined,
  };
  const stop = async () => {
    await Promise.all(Object.values(processes).map((process) => process?.stop()));
    await rm(layout.folder, { recursive: true, force: true });
  };
  try {
    await untilReady(layout, processes.apiServer);
  } catch (error) {
    await stop();
    throw error;
  }
  if (options.withControllers !== false)
    processes.controllers = startControllers(layout, files.kubeconfigFile);
  return {
    ...describe(layout, files.kubeconfigFile),
    forgetHistory: () => compact(layout.etcdUrl),
    restartApiServer: async () => {
      await processes.apiServer.stop();
      processes.apiServer = startApiServer(layout);
      await untilReady(layout, processes.apiServer);
    },
    stop,
  };
}

async function layOut(options: ControlPlaneOptions): Promise<Layout> {
  const [apiPort, etcdPort, etcdPeerPort] = await findFreePorts(3);
  return {
    options,
    folder: await mkdtemp(path.join(tmpdir(), 'dormouse-control-plane-')),
    url: `https://127.0.0.1:${apiPort}`,
    etcdUrl: `http://127.0.0.1:${etcdPort}`,
    etcdPeerUrl: `http://127.0.0.1:${etcdPeerPort}`,
  };
}

function describe(layout: Layout, kubeconfigFile: string) {
  const caFile = caFileOf(layout);
  const ca = readFileSync(caFile, 'utf8');
  return {
    url: layout.url,
    ca,
    caFile,
    token: tokenOf,
    server: (user = 'admin') => ({
      url: layout.url,
      headers: { authorization: `Bearer ${tokenOf(user)}` },
      ca,
    }),
    kubeconfigFile,
    kubectl: async (...args: readonly string[]) => {
      const kubectl = path.join(layout.options.assets, 'kubectl');
      const { stdout } = await promisify(execFile)(kubectl, [`--kubeconfig=${kubeconfigFile}`, ...args]);
      return stdout;
    },
  };
}

/** kube-apiserver signs its own certificate and puts it here. */
function caFileOf({ folder }: Pick<Layout, 'folder'>): string {
  return path.join(folder, 'apiserver.crt');
}

/** Nothing is synced to the disk: the data is worth nothing after the test. */
function etcdFlags({ folder, etcdUrl, etcdPeerUrl }: Layout): readonly string[] {
  return [
    '--unsafe-no-fsync',
    `--data-dir=${path.join(folder, 'etcd')}`,
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=${etcdPeerUrl}`,
    `--initial-advertise-peer-urls=${etcdPeerUrl}`,
    `--initial-cluster=default=${etcdPeerUrl}`,
  ];
}

function startApiServer({ options, folder, url, etcdUrl }: Layout): GuardedProcess {
  const serviceAccountKey = path.join(folder, 'service-account.key');
  return startGuarded(path.join(options.assets, 'kube-apiserver'), [
    `--etcd-servers=${etcdUrl}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${new URL(url).port}`,
    `--cert-dir=${folder}`,
    `--token-auth-file=${path.join(folder, 'tokens.csv')}`,
    '--authorization-mode=RBAC',
    `--service-account-key-file=${serviceAccountKey}`,
    `--service-account-signing-key-file=${serviceAccountKey}`,
    '--service-account-issuer=https://localhost',
    '--service-cluster-ip-range=10.0.0.0/16',
    '--disable-admission-plugins=ServiceAccount',
    ...(options.clientCaFile === undefined ? [] : [`--client-ca-file=${options.clientCaFile}`]),
  ]);
}

function startControllers({ options, folder }: Layout, kubeconfigFile: string): GuardedProcess {
  return startGuarded(path.join(options.assets, 'kube-controller-manager'), [
    `--kubeconfig=${kubeconfigFile}`,
    `--authentication-kubeconfig=${kubeconfigFile}`,
    `--authorization-kubeconfig=${kubeconfigFile}`,
    '--leader-elect=false',
    '--secure-port=0',
    `--service-account-private-key-file=${path.join(folder, 'service-account.key')}`,
    '--use-service-account-credentials=false',
    // 15 s is Kubernetes' own: a test would wait for it.
    '--horizontal-pod-autoscaler-sync-period=1s',
    `--controllers=${CONTROLLERS.join(',')}`,
  ]);
}

/** Source: etcd's gRPC gateway: numbers are texts, keys are base64. */
async function compact(etcdUrl: string): Promise<void> {
  const post = (path: string, body: object) =>
    fetch(`${etcdUrl}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) });
  const anyKey = Buffer.from('any').toString('base64');
  const { header } = (await (await post('range', { key: anyKey })).json()) as {
    header: { revision: string };
  };
  const { ok } = await post('compaction', { revision: header.revision, physical: true });
  if (!ok) throw new Error('etcd did not forget its history');
}

async function untilReady(layout: Layout, apiServer: GuardedProcess): Promise<void> {
  const endsAtMs = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < endsAtMs && apiServer.isRunning()) {
    if (await isReady(layout)) return;
    await delay(POLL_MS);
  }
  throw new Error(`kube-apiserver did not get ready:\n${apiServer.output()}`);
}

async function isReady(layout: Layout): Promise<boolean> {
  try {
    const ca = readFileSync(caFileOf(layout), 'utf8');
    const headers = { authorization: `Bearer ${tokenOf('admin')}` };
    const api = createKubernetesApi({ url: layout.url, headers, ca });
    const stop = AbortSignal.timeout(2_000);
    const answer = await api.stream('/readyz', stop).finally(() => api.close());
    return answer.statusCode === 200;
  } catch {
    return false;
  }
}
