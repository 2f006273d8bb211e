import { readFile, writeFile } from 'node:fs/promises';
import { partPath } from '../../parts/part.ts';
import { createBranch, type WorkloadManifest } from '../../world/branch-manifests.ts';
import type { ControlPlane } from '../../world/control-plane.ts';
import { type FaultyLink, startFaultyLink } from '../../world/faulty-link/faulty-link.ts';
import { branchOf, type PodBehaviour } from '../../world/kubelet/behaviour.ts';
import {
  DATABASE,
  PROJECT,
  type RealWorld,
  type RealWorldOptions,
  startRealWorld,
} from '../../world/real-world.ts';
import { eventually } from '../visits.ts';
import { createFaithfulApp, type FaithfulApp } from './faithful-app.ts';

/** A real world that holds requests, and in which every call of the functions to Kubernetes is seen. */
export type HoldWorld = RealWorld & {
  readonly apiProxy: FaultyLink;
  /** Creates a branch that is asleep, or awake if its workload says so, and remembers how it starts. */
  readonly createBranch: (name: string, start?: PodBehaviour, workload?: WorkloadManifest) => Promise<Branch>;
};

export type Branch = {
  readonly name: string;
  readonly host: string;
  readonly application: FaithfulApp;
  /** Changes how its pods start from now on. */
  readonly setStart: (start: PodBehaviour) => void;
  /** What its Deployment says. */
  readonly replicas: () => Promise<number>;
  readonly scale: (replicas: number) => Promise<unknown>;
  /** Durations of its last wakes, from its record; undefined while it has none. */
  readonly wakeMs: () => Promise<readonly number[] | undefined>;
};

export type HoldWorldOptions = Pick<RealWorldOptions, 'proxyVariables' | 'wakeFunction' | 'env'> & {
  readonly holdLimitSeconds?: number;
  readonly speed?: number;
};

export const NAMESPACE = 'staging';
/** Idle after 10 s, if a minute is a second. */
const IDLE_AFTER_MINUTES = 10;
const BACK_OFF_MS = 500;
/** What the functions do without being told. */
const HOLD_LIMIT_SECONDS = 25;

export async function startHoldWorld(options: HoldWorldOptions = {}): Promise<HoldWorld> {
  const { holdLimitSeconds = HOLD_LIMIT_SECONDS, speed = 1, proxyVariables, env, ...rest } = options;
  const starts = new Map<string, PodBehaviour>();
  const proxied = Promise.withResolvers<FaultyLink>();
  const world = await startRealWorld({
    ...rest,
    namespace: NAMESPACE,
    behaviour: (pod) => starts.get(branchOf(pod)) ?? {},
    backOffMs: BACK_OFF_MS,
    speed,
    idleAfterMinutes: IDLE_AFTER_MINUTES,
    proxyVariables: { hold_limit_seconds: holdLimitSeconds, ...proxyVariables },
    env: { DORMOUSE_HOLD_LIMIT_SECONDS: String(holdLimitSeconds), ...env },
    connect: async (controlPlane) => {
      const apiProxy = await startFaultyLink(controlPlane.server());
      proxied.resolve(apiProxy);
      return { DORMOUSE_KUBECONFIG: await writeKubeconfig(controlPlane, apiProxy.url) };
    },
    parts: {
      nginx: partPath('nginx'),
      gcloud: partPath('firestore-emulator'),
      controlPlane: partPath('control-plane'),
    },
  });
  const apiProxy = await proxied.promise;
  return {
    ...world,
    apiProxy,
    createBranch: (name, start = {}, workload = {}) =>
      create(world, { name, workload, setStart: (to) => void starts.set(name, to) }, start),
    stop: async () => {
      await world.stop();
      await apiProxy.close();
    },
  };
}

/** The administrator's own, by way of the proxy. It goes with the control plane's folder. */
async function writeKubeconfig({ kubeconfigFile, url }: ControlPlane, proxyUrl: string): Promise<string> {
  const file = `${kubeconfigFile}.proxied`;
  await writeFile(file, (await readFile(kubeconfigFile, 'utf8')).replace(url, proxyUrl));
  return file;
}

type Creation = Pick<Branch, 'name' | 'setStart'> & { readonly workload: WorkloadManifest };

async function create(world: RealWorld, creation: Creation, start: PodBehaviour): Promise<Branch> {
  const { name, workload } = creation;
  const application = createFaithfulApp();
  const setStart = (to: PodBehaviour) => creation.setStart({ app: () => application.listener, ...to });
  setStart(start);
  await createBranch(world.api, { namespace: NAMESPACE, name, workloads: [{ replicas: 0, ...workload }] });
  await eventually(
    () => world.network.addressOf(name),
    (address) => address !== undefined,
  );
  const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${name}`;
  return {
    name,
    host: `${name}.example.com`,
    application,
    setStart,
    replicas: async () => (await world.api.get<{ spec: { replicas: number } }>(path)).spec.replicas,
    scale: (replicas) => world.api.patch(path, { spec: { replicas } }),
    wakeMs: () => readWakeMs(world, name),
  };
}

type Document = { fields?: { wakeMs?: { arrayValue?: { values?: { integerValue: string }[] } } } };

async function readWakeMs({ firestore }: RealWorld, branch: string): Promise<readonly number[] | undefined> {
  const documents = `projects/${PROJECT}/databases/${DATABASE}/documents`;
  const id = `miniature.${NAMESPACE}.${branch}`;
  const answer = await fetch(`http://${firestore.host}/v1/${documents}/branches/${id}`, {
    headers: { Authorization: 'Bearer owner' },
  });
  const { fields } = (await answer.json()) as Document;
  return fields?.wakeMs?.arrayValue?.values?.map(({ integerValue }) => Number(integerValue));
}
