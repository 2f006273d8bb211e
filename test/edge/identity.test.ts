import { request as httpRequest } from 'node:http';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createGuard } from '../../functions/identity.ts';
import { createSleepFunction } from '../../functions/sleep.ts';
import { createWakeFunction } from '../../functions/wake.ts';
import { createSigningKeys, type PublicKeys } from '../../shared/adapters/identity/signing-keys.ts';
import { createSignatureCheck } from '../../shared/adapters/identity/verify-signature.ts';
import type { SweepSummary } from '../../shared/core/summarize-sweep.ts';
import { createTokenIssuer, idTokenClaims, stripSignature, type TokenClaims } from '../world/token-issuer.ts';
import { recordingLog, serve } from './serve.ts';

const NOW_MS = 1_800_000_000_000;
const NOW_SECONDS = NOW_MS / 1_000;
const SKEW_SECONDS = 300;
const AUDIENCE = 'https://dormouse-wake-1.europe-west1.run.app';
const EMAIL = 'proxy@team-staging.iam.gserviceaccount.com';
const RULES = { audiences: [AUDIENCE], allowedCallers: [EMAIL] };

const google = createTokenIssuer('key-1');
const next = createTokenIssuer('key-2');
const stranger = createTokenIssuer('key-1');

/** google-auth-library reads the clock by itself. */
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: NOW_MS }));
afterEach(() => void vi.useRealTimers());

const claimsWith = (changes: TokenClaims = {}) => ({
  ...idTokenClaims({ audience: AUDIENCE, email: EMAIL, nowMs: Date.now() }),
  ...changes,
});
const bearer = (token: string) => `Bearer ${token}`;

type Given = {
  readonly fetchKeys?: (fetch: number) => Promise<PublicKeys>;
  readonly acceptsStripped?: boolean;
};

/** Google's keys by default, good for an hour. */
function openGuard(given: Given = {}) {
  const { log, entries } = recordingLog();
  const world = { fetches: 0 };
  const keys = createSigningKeys({
    fetchKeys: async () => {
      world.fetches += 1;
      return { keys: (await given.fetchKeys?.(world.fetches)) ?? google.keys, maxAgeMs: 3_600_000 };
    },
    now: Date.now,
    onProblem: (problem) => log({ severity: 'ERROR', message: problem }),
  });
  const verifySignature = createSignatureCheck(keys, RULES);
  const acceptsStripped = given.acceptsStripped ?? false;
  return {
    guard: createGuard({ rules: RULES, verifySignature, acceptsStripped, now: Date.now, log }),
    world,
    entries,
  };
}

async function wakeServer(given: Given = {}) {
  const { guard, world, entries } = openGuard(given);
  let served = 0;
  const wake = createWakeFunction({
    '/touch': (_, response) => {
      served += 1;
      response.status(204).end();
    },
  });
  const url = await serve('wake', guard(wake));
  const send = (authorization?: string, headers: Record<string, string> = {}) =>
    fetch(`${url}/touch`, { headers: authorization === undefined ? headers : { authorization, ...headers } });
  return { url, send, world, entries, served: () => served };
}

describe('the wake function, with callers checked', () => {
  test.each(['https://accounts.google.com', 'accounts.google.com'])(
    'serves a token issued by %s',
    async (iss) => {
      const { send, served } = await wakeServer();
      expect((await send(bearer(google.sign(claimsWith({ iss }))))).status).toBe(204);
      expect(served()).toBe(1);
    },
  );

  test.each(['bearer', 'BEARER', 'Bearer '])('serves a token after %j', async (scheme) => {
    const { send } = await wakeServer();
    expect((await send(`${scheme} ${google.sign(claimsWith())}`)).status).toBe(204);
  });

  test('refuses a caller without a token with 401, says how to come, and serves nothing', async () => {
    const { send, served, entries } = await wakeServer();
    const answer = await send();
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(await answer.json()).toEqual({ status: 401, detail: 'an ID token is missing' });
    expect(served()).toBe(0);
    expect(entries).toEqual([
      expect.objectContaining({ severity: 'WARNING', event: 'refused', refusal: 'no-token' }),
    ]);
  });

  test.each<[string, () => string, string]>([
    [
      'expired',
      () => bearer(google.sign(claimsWith({ exp: NOW_SECONDS - SKEW_SECONDS - 1 }))),
      'used too late',
    ],
    [
      'not valid yet',
      () => bearer(google.sign(claimsWith({ iat: NOW_SECONDS + SKEW_SECONDS + 1 }))),
      'used too early',
    ],
    [
      'of more than a day',
      () => bearer(google.sign(claimsWith({ exp: NOW_SECONDS + 86_401 }))),
      'too far in future',
    ],
    ['without an expiry', () => bearer(google.sign(claimsWith({ exp: undefined }))), 'No expiration time'],
    ['without a time of issue', () => bearer(google.sign(claimsWith({ iat: undefined }))), 'No issue time'],
    [
      'for another audience',
      () => bearer(google.sign(claimsWith({ aud: `${AUDIENCE}/` }))),
      'Wrong recipient',
    ],
    ['for several audiences', () => bearer(google.sign(claimsWith({ aud: [AUDIENCE] }))), 'Wrong recipient'],
    [
      'of another issuer',
      () => bearer(google.sign(claimsWith({ iss: 'https://evil.example' }))),
      'Invalid issuer',
    ],
    ['signed by a stranger', () => bearer(stranger.sign(claimsWith())), 'Invalid token signature'],
    [
      'signed by HMAC with the public key',
      () => bearer(google.signByHmac(claimsWith())),
      'not signed by RS256',
    ],
    ['that says none', () => bearer(google.sign(claimsWith(), { alg: 'none' })), 'not signed by RS256'],
    ['that says ES256', () => bearer(google.sign(claimsWith(), { alg: 'ES256' })), 'not signed by RS256'],
    ['that says PS256', () => bearer(google.sign(claimsWith(), { alg: 'PS256' })), 'not signed by RS256'],
    [
      'without a signature',
      () => bearer(google.sign(claimsWith(), { alg: 'none' }).replace(/[^.]*$/, '')),
      'one ID token',
    ],
    ['without a key id', () => bearer(google.sign(claimsWith(), { kid: undefined })), 'by which key'],
    ['of an unknown key', () => bearer(next.sign(claimsWith())), 'a key that is not known'],
    [
      'of a key named as a property',
      () => bearer(google.sign(claimsWith(), { kid: '__proto__' })),
      'not known',
    ],
    [
      'stripped of its signature',
      () => bearer(stripSignature(google.sign(claimsWith()))),
      'X-Serverless-Authorization',
    ],
    ['that is garbage', () => 'Bearer a.b.c', 'not a JSON Web Token'],
    [
      'that is JSON but no token',
      () => `Bearer ${['1', '[]', 'x'].map(btoa).join('.').replaceAll('=', '')}`,
      'not a JSON',
    ],
    ['of another scheme', () => `Basic ${google.sign(claimsWith())}`, 'one ID token'],
    ['beside another', () => `${bearer(google.sign(claimsWith()))}, ${bearer('a.b.c')}`, 'one ID token'],
    ['of 10 kB', () => bearer(google.sign(claimsWith({ padding: 'x'.repeat(10_000) }))), 'longer than'],
  ])('refuses a token %s with 401, and serves nothing', async (_, authorization, reason) => {
    const { send, served } = await wakeServer();
    const sent = authorization();
    const answer = await send(sent);
    const { detail } = (await answer.json()) as { detail: string };
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    expect(detail).toContain(reason);
    expect(served()).toBe(0);
  });

  test('tells nothing of a token, in its answer or in its log', async () => {
    const { send, entries } = await wakeServer();
    const token = stranger.sign(claimsWith({ iss: 'https://evil.example', secret: 'do-not-tell' }));
    const answer = await send(bearer(token));
    const told = `${await answer.text()}${JSON.stringify(entries)}`;
    for (const part of token.split('.')) expect(told).not.toContain(part);
    expect(told).not.toContain('do-not-tell');
  });

  test.each<[string, TokenClaims, string]>([
    ['another account', { email: 'other@team-staging.iam.gserviceaccount.com' }, 'may not call'],
    ['an account whose email is not verified', { email_verified: false }, 'not verified'],
    ['an account whose email is "true"ly verified', { email_verified: 'true' }, 'not verified'],
    ['nobody', { email: undefined }, 'no email'],
  ])('refuses the token of %s with 403', async (_, changes, reason) => {
    const { send, served } = await wakeServer();
    const answer = await send(bearer(google.sign(claimsWith(changes))));
    expect([answer.status, served()]).toEqual([403, 0]);
    expect(await answer.json()).toHaveProperty('detail', expect.stringContaining(reason));
  });

  test('believes Authorization alone: a token in X-Serverless-Authorization is none', async () => {
    const { send } = await wakeServer();
    const token = bearer(google.sign(claimsWith()));
    expect((await send(undefined, { 'X-Serverless-Authorization': token })).status).toBe(401);
    expect((await send(token, { 'X-Serverless-Authorization': 'Bearer a.b.c' })).status).toBe(204);
  });

  test('refuses two Authorization headers, whichever comes first', async () => {
    const { url, send, served } = await wakeServer();
    const good = bearer(google.sign(claimsWith()));
    await send(good); // from now on it is remembered
    expect(await statusOf(`${url}/touch`, [good, 'Bearer a.b.c'])).toBe(401);
    expect(await statusOf(`${url}/touch`, ['Bearer a.b.c', good])).toBe(401);
    expect(await statusOf(`${url}/touch`, [good, good])).toBe(401);
    expect(served()).toBe(1);
  });

  test('asks for a token before it says what is there', async () => {
    const { url } = await wakeServer();
    expect((await fetch(`${url}/nothing`)).status).toBe(401);
    expect((await fetch(`${url}/touch`, { method: 'POST', body: 'x' })).status).toBe(401);
  });
});

describe('a clock that differs', () => {
  test.each([
    ['expired 5 minutes ago', { exp: NOW_SECONDS - SKEW_SECONDS }, 204],
    ['expired a second before that', { exp: NOW_SECONDS - SKEW_SECONDS - 1 }, 401],
    ['is issued in 5 minutes', { iat: NOW_SECONDS + SKEW_SECONDS }, 204],
    ['is issued a second after that', { iat: NOW_SECONDS + SKEW_SECONDS + 1 }, 401],
  ])(
    'wake answers a token that %s, with or without a signature to check: %o, %i',
    async (_, times, status) => {
      const wake = await wakeServer();
      expect((await wake.send(bearer(google.sign(claimsWith(times))))).status).toBe(status);
      const stripping = await wakeServer({ acceptsStripped: true });
      const stripped = bearer(stripSignature(google.sign(claimsWith(times))));
      expect((await stripping.send(stripped)).status).toBe(status);
    },
  );

  test('wake serves a remembered token until it expires, and then judges it anew', async () => {
    const { send } = await wakeServer();
    const token = bearer(google.sign(claimsWith({ exp: NOW_SECONDS + 60 })));
    const statuses = [];
    for (const seconds of [0, 59, 60, 60 + SKEW_SECONDS, 61 + SKEW_SECONDS]) {
      vi.setSystemTime(NOW_MS + seconds * 1_000);
      statuses.push((await send(token)).status);
    }
    expect(statuses).toEqual([204, 204, 204, 204, 401]);
  });
});

describe("Google's keys", () => {
  test('are fetched once, before anybody calls', async () => {
    const { send, world } = await wakeServer();
    expect(world.fetches).toBe(1);
    for (const n of [1, 2, 3]) await send(bearer(google.sign(claimsWith({ n }))));
    expect(world.fetches).toBe(1);
  });

  test('are fetched again for a new one, which is then served', async () => {
    const { send, world } = await wakeServer({
      fetchKeys: async (fetch) => (fetch === 1 ? google.keys : next.keys),
    });
    vi.setSystemTime(NOW_MS + 60_000);
    expect((await send(bearer(next.sign(claimsWith())))).status).toBe(204);
    expect(world.fetches).toBe(2);
  });

  test('are fetched once a minute at most, however many unknown ones are named', async () => {
    const { send, world } = await wakeServer();
    vi.setSystemTime(NOW_MS + 60_000);
    const tokens = Array.from({ length: 20 }, (_, n) =>
      bearer(google.sign(claimsWith(), { kid: `made-up-${n}` })),
    );
    const answers = await Promise.all(tokens.map((token) => send(token)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    expect(world.fetches).toBe(2);
  });

  test('are asked for anew when there are none, and until then nobody is served', async () => {
    const { send, entries } = await wakeServer({
      fetchKeys: async (fetch) => (fetch < 3 ? Promise.reject(new Error('unreachable')) : google.keys),
    });
    const token = bearer(google.sign(claimsWith()));
    vi.setSystemTime(NOW_MS + 1_000);
    const answer = await send(token);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(entries[0]).toMatchObject({ severity: 'ERROR', message: 'unreachable' });
    vi.setSystemTime(NOW_MS + 2_000);
    expect((await send(token)).status).toBe(204);
  });

  test('serve for a day after they expired while new ones cannot be fetched', async () => {
    const { send } = await wakeServer({
      fetchKeys: async (fetch) => (fetch === 1 ? google.keys : Promise.reject(new Error('unreachable'))),
    });
    const statuses = [];
    for (const hours of [1, 24.99, 25]) {
      vi.setSystemTime(NOW_MS + hours * 3_600_000);
      statuses.push((await send(bearer(google.sign(claimsWith())))).status);
    }
    expect(statuses).toEqual([204, 204, 503]);
  });
});

const SUMMARY: SweepSummary = {
  dryRun: false,
  blind: { reason: 'no-heartbeat', explanation: 'proxy-7d4 is silent' },
  branches: 3,
  slept: 1,
  kept: { active: 2 },
  asleep: { branches: 1, pods: 2 },
  healed: 0,
  contested: 0,
  failed: 1,
  problems: [{ branch: 'secret--g', problem: 'secret--g is broken' }],
  stopped: false,
  deleted: 0,
  deletions: [],
  durationMs: 12,
  decisions: [
    {
      branch: 'secret--g',
      decision: { action: 'keep', reason: 'active' },
      result: { result: 'kept', reason: 'active' },
    },
  ],
};

async function sleepServer(fails?: Error) {
  const { guard } = openGuard({ acceptsStripped: true });
  const { log } = recordingLog();
  let sweeps = 0;
  const sweep = async () => {
    sweeps += 1;
    if (fails !== undefined) throw fails;
    return SUMMARY;
  };
  const url = await serve('sleep', guard(createSleepFunction({ sweep, isDryRun: false, log })));
  const send = (token: string) => fetch(url, { method: 'POST', headers: { authorization: bearer(token) } });
  return { send, sweeps: () => sweeps };
}

describe('the sleep function, with callers checked', () => {
  test('tells a caller whose signature it checked everything', async () => {
    const { send } = await sleepServer();
    expect(await (await send(google.sign(claimsWith()))).json()).toEqual(SUMMARY);
  });

  test('sweeps for a token whose signature Cloud Run took, as Scheduler sends it, and answers numbers only', async () => {
    const { send, sweeps } = await sleepServer();
    const answer = await send(stripSignature(google.sign(claimsWith())));
    const { problems: _, decisions: __, deletions: ___, ...counts } = SUMMARY;
    expect([answer.status, sweeps()]).toEqual([500, 1]);
    expect(await answer.json()).toEqual({ ...counts, blind: true });
  });

  test('tells nothing of what went wrong to a token without a signature', async () => {
    const { send } = await sleepServer(new Error('secret--g'));
    const answer = await send(stripSignature(google.sign(claimsWith())));
    expect([answer.status, await answer.json()]).toEqual([
      500,
      { status: 500, detail: 'the sweep could not begin' },
    ]);
  });

  test.each<[string, TokenClaims, number]>([
    ['for another audience', { aud: 'https://other.example' }, 401],
    ['of another issuer', { iss: 'https://evil.example' }, 401],
    ['expired', { exp: NOW_SECONDS - SKEW_SECONDS - 1 }, 401],
    ['of more than a day', { exp: NOW_SECONDS + 86_401 }, 401],
    ['without times', { iat: undefined }, 401],
    ['with times that are texts', { exp: '9999999999' }, 401],
    ['of another account', { email: 'other@example.com' }, 403],
    ['of an account whose email is not verified', { email_verified: false }, 403],
  ])('does not sweep for a token without a signature %s', async (_, changes, status) => {
    const { send, sweeps } = await sleepServer();
    const answer = await send(stripSignature(google.sign(claimsWith(changes))));
    expect([answer.status, sweeps()]).toEqual([status, 0]);
  });

  test('does not take a bad signature for a missing one', async () => {
    const { send, sweeps } = await sleepServer();
    expect((await send(stranger.sign(claimsWith()))).status).toBe(401);
    expect(sweeps()).toBe(0);
  });
});

/** fetch would join the two into one. */
async function statusOf(url: string, authorization: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', reject);
    request.setHeader('authorization', authorization);
    request.end();
  });
}
