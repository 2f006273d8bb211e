import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { partPath } from '../parts/part.ts';
import { startControlPlane } from '../world/control-plane.ts';
import type { Faults } from '../world/embedded-kubernetes/faults.ts';
import { startEmbeddedKubernetes } from '../world/embedded-kubernetes/start.ts';
import type { KubernetesServer } from '../world/kubernetes-api.ts';

/** One request of a script, sent as it is. */
export type WireRequest = {
  readonly method: string;
  readonly path: string;
  /** An object is sent as JSON, a text as it is. */
  readonly body?: object | string;
  readonly contentType?: string;
  /** Instead of the administrator's; '' sends none. */
  readonly token?: string;
  readonly userAgent?: string;
};

export type WireAnswer = {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON the server sent; the tests say what they expect of it.
  readonly body: any;
  readonly headers: http.IncomingHttpHeaders;
};

export type WireClient = (request: WireRequest) => Promise<WireAnswer>;

/** The real control plane and the embedded one, with the same users. */
export type TwoServers = {
  readonly real: WireClient;
  readonly embedded: WireClient;
  /** Of somebody who may do nothing. */
  readonly strangerToken: string;
  /** Makes both forget what they were, so that positions in lists expire. */
  readonly forgetHistory: () => Promise<void>;
  /** On the embedded one alone: the real one has quotas. */
  readonly refuseCreation: Faults['refuseCreation'];
  readonly stop: () => Promise<void>;
};

const SETTLES_WITHIN_MS = 20_000;
const POLL_MS = 25;
const USER_AGENT = 'wire-test/1.0';

/** Without controllers, nothing but the script changes an object. */
export async function startTwoServers({ controllers }: { controllers: boolean }): Promise<TwoServers> {
  const controlPlane = await startControlPlane({
    assets: partPath('control-plane'),
    users: { stranger: {} },
    withControllers: controllers,
  });
  const server = controlPlane.server();
  const admin = server.headers?.authorization?.replace('Bearer ', '') ?? '';
  const embedded = await startEmbeddedKubernetes({
    controllers,
    // As the real one is started.
    autoscalerSyncMs: 1_000,
    tokens: {
      [admin]: { name: 'admin', allowed: 'everything' },
      [controlPlane.token('stranger')]: { name: 'stranger', allowed: { rules: [] } },
    },
  });
  return {
    real: createWireClient(server),
    embedded: createWireClient(embedded),
    strangerToken: controlPlane.token('stranger'),
    forgetHistory: async () => {
      await controlPlane.forgetHistory();
      embedded.faults.expireLists();
    },
    refuseCreation: embedded.faults.refuseCreation,
    stop: async () => void (await Promise.all([controlPlane.stop(), embedded.stop()])),
  };
}

export function createWireClient(server: KubernetesServer): WireClient {
  return async (request) => {
    const response = await open(server, request);
    const body = await text(response);
    return { status: response.statusCode ?? 0, body: parsed(body), headers: response.headers };
  };
}

function open(server: KubernetesServer, request: WireRequest): Promise<http.IncomingMessage> {
  const { method, path, body, contentType = 'application/json', token, userAgent = USER_AGENT } = request;
  const headers: Record<string, string> = { ...server.headers, 'user-agent': userAgent };
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  if (token === '') delete headers.authorization;
  const payload = typeof body === 'object' ? JSON.stringify(body) : body;
  if (payload !== undefined) headers['content-type'] = contentType;
  if (payload !== undefined) headers['content-length'] = String(Buffer.byteLength(payload));
  const url = new URL(path, server.url);
  const options = { method, headers, ca: server.ca, agent: false } as const;
  return new Promise((resolve, reject) => {
    const sent = (url.protocol === 'https:' ? https : http).request(url, options, resolve);
    sent.on('error', reject);
    sent.end(payload);
  });
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

/** Sends the same script to both servers and expects the same answers, but for what is random or a clock's. */
export async function expectSameAnswers(servers: TwoServers, script: readonly WireRequest[]): Promise<void> {
  const real = await answersOf(servers.real, script);
  const embedded = await answersOf(servers.embedded, script);
  expect(embedded).toEqual(real);
}

/** As `expectSameAnswers`, but of refusals only what a client can act on: the code and the reason. */
export async function expectSameRefusals(servers: TwoServers, script: readonly WireRequest[]): Promise<void> {
  const refusals = async (client: WireClient) => {
    const answers = await answersOf(client, script);
    return answers.map(({ status, body }) => ({
      status,
      kind: body.kind,
      code: body.code,
      reason: body.reason,
    }));
  };
  expect(await refusals(servers.embedded)).toEqual(await refusals(servers.real));
}

async function answersOf(client: WireClient, script: readonly WireRequest[]) {
  const answers: { request: string; status: number; body: Record<string, unknown> }[] = [];
  for (const request of script) {
    const { status, body } = await client(request);
    answers.push({ request: `${request.method} ${request.path}`, status, body: comparable(body) });
  }
  return answers;
}

/** Polls both until the condition holds and the views are the same, but for what is random or a clock's. */
export async function expectSameSoon(
  servers: TwoServers,
  path: string,
  { when, view = whole }: Sight,
): Promise<void> {
  await waitFor(servers.real, path, when);
  const endsAtMs = performance.now() + SETTLES_WITHIN_MS;
  let seen = { real: undefined as unknown, embedded: undefined as unknown };
  do {
    const real = (await servers.real({ method: 'GET', path })).body;
    const embedded = (await servers.embedded({ method: 'GET', path })).body;
    seen = { real: comparable(view(real)), embedded: comparable(view(embedded)) };
    if (when(real) && when(embedded) && isDeepStrictEqual(seen.real, seen.embedded)) return;
    await delay(POLL_MS);
  } while (performance.now() < endsAtMs);
  expect(seen.embedded).toEqual(seen.real);
  throw new Error(`not within ${SETTLES_WITHIN_MS} ms, on the embedded server: ${path}`);
}

export type Sight = {
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON the server sent.
  readonly when: (body: any) => boolean;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON the server sent.
  readonly view?: (body: any) => unknown;
};

function whole(body: unknown): unknown {
  return body;
}

/** Polls a path until the condition holds. @throws Error when it does not within 20 s */
export async function waitFor(
  client: WireClient,
  path: string,
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON the server sent.
  isThere: (body: any) => boolean,
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON the server sent.
): Promise<any> {
  const endsAtMs = performance.now() + SETTLES_WITHIN_MS;
  let body: unknown;
  while (performance.now() < endsAtMs) {
    body = (await client({ method: 'GET', path })).body;
    if (isThere(body)) return body;
    await delay(POLL_MS);
  }
  throw new Error(`not within ${SETTLES_WITHIN_MS} ms: ${path} is ${JSON.stringify(body)}`);
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const RANDOM = /-[bcdfghjklmnpqrstvwxz2456789]{8,10}(-[bcdfghjklmnpqrstvwxz2456789]{5})?\b/g;
/** A uid, or a version in parentheses. */
const OWN = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=\()\d+(?=\))/g;
/** Told by a clock, or of use to nobody here: how Kubernetes measures itself. */
const IGNORED: ReadonlySet<string> = new Set(['endpoints.kubernetes.io/last-change-trigger-time']);

// biome-ignore lint/suspicious/noExplicitAny: JSON in, JSON out.
export function comparable(value: any, key = ''): any {
  if (Array.isArray(value)) {
    const items = value.map((item) => (key === 'managedFields' ? summary(item) : comparable(item)));
    return UNORDERED.has(key) ? items.toSorted(byText) : items;
  }
  if (typeof value === 'object' && value !== null) return comparableObject(value);
  return typeof value === 'string' ? comparableText(value, key) : value;
}

function comparableText(value: string, key: string): string {
  if (key === 'uid') return 'UID';
  if (key === 'resourceVersion') return 'VERSION';
  if (HASHES.has(key)) return 'HASH';
  if (TIME.test(value)) return 'TIME';
  const text = value.replace(RANDOM, '-RANDOM').replace(/^10\.0\.\d+\.\d+$/, 'ADDRESS');
  return key === 'message' ? text.replace(OWN, 'OWN') : text;
}

/** In the order of the seconds in which things happened. */
const UNORDERED: ReadonlySet<string> = new Set(['conditions', 'managedFields']);
const HASHES: ReadonlySet<string> = new Set([
  'pod-template-hash',
  'controller-revision-hash',
  'controller-uid',
  'batch.kubernetes.io/controller-uid',
]);

function byText(left: unknown, right: unknown): number {
  return JSON.stringify(left) < JSON.stringify(right) ? -1 : 1;
}

function comparableObject(value: object): object {
  const { generateName } = value as { generateName?: string };
  const named = generateName === undefined ? value : { ...value, name: `${generateName}RANDOM` };
  const entries = Object.entries(named).filter(([name]) => !IGNORED.has(name));
  const compared = entries.map(([name, field]) => [name, comparable(field, name)] as const);
  const kept = compared.filter(([name, field]) => name !== 'annotations' || Object.keys(field).length > 0);
  return Object.fromEntries(kept.map(([name, field]) => [name.replace(RANDOM, '-RANDOM'), field]));
}

type Entry = { manager: string; operation: string; subresource?: string; apiVersion: string; time?: string };

/** Who, through what, and whether it has a time: not which fields, where the embedded server is coarser. */
function summary({ manager, operation, subresource, apiVersion, time }: Entry): object {
  return { manager, operation, subresource, apiVersion, hasTime: time !== undefined };
}
