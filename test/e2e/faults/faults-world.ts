import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { type FaultyLink, startFaultyLink } from '../../world/faulty-link/faulty-link.ts';
import type { LinkedCall } from '../../world/faulty-link/link-fault.ts';
import type { SweepAnswer } from '../../world/staging-world.ts';
import {
  type Branch,
  type HoldWorld,
  type HoldWorldOptions,
  NAMESPACE,
  startHoldWorld,
} from '../hold/hold-world.ts';
import { type Answer, send } from '../hold/send.ts';
import { eventually, visit } from '../visits.ts';
import { startWarmTraffic, type WarmTraffic } from './warm-traffic.ts';

/** A real world whose functions reach Kubernetes and their store over links that can be spoilt. */
export type FaultsWorld = HoldWorld & {
  readonly kubernetes: FaultyLink;
  readonly store: FaultyLink;
  /** A branch that is visited all the while. */
  readonly warm: WarmTraffic;
  /** Those that were created here, and what they said then, but for what a scaling changes. */
  readonly created: ReadonlyMap<string, object>;
  /** Sweeps again and again, as Cloud Scheduler does, until the summary is what is waited for. */
  readonly sweepUntil: (isSo: (summary: SweepAnswer) => Promise<boolean> | boolean) => Promise<void>;
  /** Creates branches of 2 replicas each, and lets a sweep see them. */
  readonly createAwake: (names: readonly string[], annotations?: object) => Promise<readonly Branch[]>;
  /** Until the next sweep would put them to sleep. */
  readonly untilIdle: (branches: readonly Branch[]) => Promise<void>;
};

/** A minute is a second: branches are idle after 10 s, or 5 with the annotation. */
export const SPEED = 60;
export const WARM = 'warm--g';
export const SLEEPLESS = { 'dormouse/idle-after': 'never' };
/** The shortest that is accepted: 5 s here. */
export const SLEEPY = { 'dormouse/idle-after': '5m' };

/** For a busy machine. */
export const PATIENCE_MS = 60_000;

const SWEEP_EVERY_MS = 300;
const BODY_BYTES = 20_000;
const LEAST_WARM_VISITS = 100;

export async function startFaultsWorld(
  options: Pick<HoldWorldOptions, 'holdLimitSeconds' | 'wakeFunction' | 'proxyVariables'> = {},
): Promise<FaultsWorld> {
  const store = await startFaultyLink();
  const world = await startHoldWorld({
    ...options,
    speed: SPEED,
    env: { FIRESTORE_EMULATOR_HOST: store.host },
  });
  store.retarget({ url: `http://${world.firestore.host}` });
  const created = new Map<string, object>();
  const createBranch: HoldWorld['createBranch'] = async (name, ...manifest) => {
    const branch = await world.createBranch(name, ...manifest);
    created.set(name, await describeBranch(world, name));
    return branch;
  };
  return {
    ...world,
    kubernetes: world.apiProxy,
    store,
    warm: await warmUp(world),
    created,
    createBranch,
    sweepUntil: (isSo) => sweepUntil(world, isSo),
    createAwake: async (names, annotations = {}) => {
      const workload = { replicas: 2, preStopSeconds: 1, annotations: { ...SLEEPY, ...annotations } };
      const branches = await Promise.all(names.map((name) => createBranch(name, { startMs: 200 }, workload)));
      await sweepUntil(world, isWell);
      return branches;
    },
    untilIdle: (branches) => untilIdle(world, branches),
    stop: async () => {
      await world.stop();
      await store.close();
    },
  };
}

/** Resolves once the branch serves. Its traffic ends with the test file, before the world does. */
async function warmUp(world: HoldWorld): Promise<WarmTraffic> {
  await world.createBranch(WARM, {}, { replicas: 1 });
  const isServed = ({ status }: { status: number }) => status === 200;
  await eventually(() => visit(world.proxy.port, WARM), isServed);
  return startWarmTraffic(world.proxy, WARM);
}

async function sweepUntil(
  { sweep }: HoldWorld,
  isSo: Parameters<FaultsWorld['sweepUntil']>[0],
): Promise<void> {
  const sweepOnce = async () => {
    const { decisions: _, ...summary } = (await sweep()).summary;
    await delay(SWEEP_EVERY_MS);
    return { isSo: await isSo(summary), summary };
  };
  await eventually(sweepOnce, (answer) => answer.isSo, PATIENCE_MS);
}

/** What a sweep says that could do all it wanted to. */
export function isWell({ failed, blind }: SweepAnswer): boolean {
  return failed === 0 && blind === false;
}

async function untilIdle({ sweep }: HoldWorld, branches: readonly Branch[]): Promise<void> {
  await eventually(
    async () => (await sweep('?dryRun=true')).summary.decisions ?? [],
    (decisions) =>
      branches.every(({ name }) =>
        decisions.some(({ branch, decision }) => branch === name && decision.action === 'sleep'),
      ),
    PATIENCE_MS,
  );
}

export async function replicasOf(branches: readonly Branch[]): Promise<readonly number[]> {
  return Promise.all(branches.map((each) => each.replicas()));
}

/** Calls that have to do with a branch. */
export function about({ name }: Pick<Branch, 'name'>): (call: LinkedCall) => boolean {
  return ({ url }) => url.includes(name);
}

/** Calls that scale a branch. */
export function scalesOf(branch: Pick<Branch, 'name'>): (call: LinkedCall) => boolean {
  return (call) => call.method === 'PATCH' && about(branch)(call);
}

export function watchesOf(branch: Pick<Branch, 'name'>): (call: LinkedCall) => boolean {
  return (call) => call.url.includes('watch=true') && about(branch)(call);
}

/** Posts so many orders at once, each to an address of its own. */
export async function postOrders(
  port: number,
  { host }: Pick<Branch, 'host'>,
  count: number,
): Promise<readonly Answer[]> {
  const orders = Array.from({ length: count }, (_, n) =>
    send(port, host, { method: 'POST', path: `/orders/${n}`, bodyBytes: BODY_BYTES }),
  );
  return Promise.all(orders);
}

/** Every order has the application's own answer, and the application has every order once. */
export function expectEachOnce({ application }: Branch, answers: readonly Answer[]): void {
  expect(answers.map(({ status, body }) => (status === 200 ? 200 : `${status} ${body}`))).toEqual(
    answers.map(() => 200),
  );
  const lines = application.deliveries.map(({ line }) => line).sort();
  expect(lines).toEqual(answers.map((_, n) => `POST /orders/${n}`).sort());
  expect(application.deliveries.filter(({ bytes }) => bytes !== BODY_BYTES)).toEqual([]);
}

/** Each has one order posted to it, and answers it once. */
export async function expectServed({ proxy }: FaultsWorld, branches: readonly Branch[]): Promise<void> {
  const before = branches.map(({ application }) => application.deliveries.length);
  const answers = (await Promise.all(branches.map((each) => postOrders(proxy.port, each, 1)))).flat();
  expect(answers.map(({ status, body }) => (status === 200 ? 200 : `${status} ${body}`))).toEqual(
    branches.map(() => 200),
  );
  const after = branches.map(({ application }) => application.deliveries.length);
  expect(after).toEqual(before.map((count) => count + 1));
}

/** Nothing was changed but replicas, and no visitor of the warm branch failed or was held. */
export async function expectHarmless(world: FaultsWorld): Promise<void> {
  const writes = world.kubernetes.requests.filter(({ method }) => method !== 'GET');
  const isScale = ({ method, url }: LinkedCall) =>
    method === 'PATCH' && /\/(deployments|statefulsets)\/[^/]+--g\/scale\?/.test(url);
  expect(writes.filter((write) => !isScale(write))).toEqual([]);
  const names = [...world.created.keys()];
  const now = await Promise.all(
    names.map(async (name) => [name, await describeBranch(world, name)] as const),
  );
  expect(new Map(now)).toEqual(world.created);
  expect(world.warm.count()).toBeGreaterThan(LEAST_WARM_VISITS);
  expect(world.warm.failures()).toEqual([]);
  const lines = world.proxy.accessLog().slice(world.warm.firstLine);
  expect(lines.filter(({ branch, held }) => branch === WARM && held !== '')).toEqual([]);
}

type Named = { readonly metadata: Readonly<Record<string, unknown>>; readonly spec: object };

async function describeBranch({ api }: HoldWorld, name: string): Promise<object> {
  const [deployment, service] = await Promise.all([
    api.get<Named>(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${name}`),
    api.get<Named>(`/api/v1/namespaces/${NAMESPACE}/services/${name}`),
  ]);
  return { deployment: unscaled(deployment), service: unscaled(service) };
}

/** Kubernetes itself counts revisions in an annotation, as soon as it sees a Deployment. */
function unscaled({ metadata, spec }: Named): object {
  const { resourceVersion: _, generation: __, managedFields: ___, annotations = {}, ...rest } = metadata;
  const own = Object.entries(annotations as object).filter(
    ([key]) => !key.startsWith('deployment.kubernetes.io/'),
  );
  return { ...rest, annotations: own, spec: { ...spec, replicas: 'any' } };
}
