import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createGuard } from '../../../functions/identity.ts';
import { createSigningKeys } from '../../../shared/adapters/identity/signing-keys.ts';
import { createSignatureCheck } from '../../../shared/adapters/identity/verify-signature.ts';
import { recordingLog, serve } from '../../edge/serve.ts';
import { describeWith } from '../../parts/part.ts';
import { createTokenIssuer } from '../../world/token-issuer.ts';
import { called, type ProxyWorld, startProxyWorldForTest, until } from './proxy-world.ts';
import type { WakeCall } from './wake-stand-in.ts';

const PROMPT_MS = 500;
/** nginx counts a cache time of 1 s in whole seconds of the clock. */
const EXPIRED_MS = 2_100;

describeWith(['nginx'], "the proxy's identity token", () => {
  test('is made for the function and reaches it, asked for once for many touches', async () => {
    const world = await startProxyWorldForTest();
    for (let n = 0; n < 5; n++) await touch(world, `identity-${n}--g.gyazo.example`);
    const tokens = world.wake.calls.map((call) => call.headers.get('authorization'));
    expect(new Set(tokens).size).toBe(1);
    expect(audienceOf(tokens[0])).toBe(world.wake.url);
    expect(world.metadata.requests).toHaveLength(1);
  });

  test('is used on while the metadata server fails', async () => {
    const world = await startProxyWorldForTest({ variables: { identity_cache_time: '1s' } });
    await touch(world, 'before--g.gyazo.example');
    world.metadata.setMood({ status: 503 });
    await delay(EXPIRED_MS);
    await touch(world, 'meanwhile--g.gyazo.example');
    const tokens = world.wake.calls.map((call) => call.headers.get('authorization'));
    expect(tokens[1]).toBe(tokens[0]);
    await until(
      () => world.metadata.requests.length > 1,
      () => 'the metadata server was not asked again',
    );
  });

  test.each(['hang', { status: 500 }] as const)(
    'delays no visitor and no later one while the metadata server does %o, and the touch goes without it',
    async (mood) => {
      const world = await startProxyWorldForTest();
      world.metadata.setMood(mood);
      for (let n = 0; n < 5; n++) {
        const startedMs = performance.now();
        expect(await world.visit({ host: 'patient--g.gyazo.example' })).toMatchObject({ status: 200 });
        expect(performance.now() - startedMs).toBeLessThan(PROMPT_MS);
      }
      await called(world.wake, 'patient--g.gyazo.example');
      expect(world.wake.calls[0]?.headers.has('authorization')).toBe(false);
      expect(world.proxy.errorLog()).toContain('no identity token');
    },
  );
});

describeWith(['nginx'], 'the token in its two headers', () => {
  test('comes with whatever the function is asked, and a visitor cannot replace it', async () => {
    const world = await startProxyWorldForTest();
    const headers = { authorization: 'Bearer mine', 'x-serverless-authorization': 'Bearer mine' };
    await world.visit({ host: 'awake--g.gyazo.example', headers });
    await world.visit({ host: 'refused--g.gyazo.example', headers });
    await world.visit({ host: 'awake--g.gyazo.example', path: '/.dormouse/progress', headers });
    await called(world.wake, 'awake--g.gyazo.example');
    const asked = new Set(world.wake.calls.map(({ line }) => line));
    expect(asked).toEqual(new Set(['GET /touch', 'GET /hold', 'GET /page', 'GET /progress']));
    for (const { headers: sent } of world.wake.calls) {
      expect(sent.get('x-serverless-authorization')).toBe(sent.get('authorization'));
      expect(audienceOf(sent.get('authorization'))).toBe(world.wake.url);
    }
    expect(world.application.heads.join()).toContain('Bearer mine');
  });

  test('is absent from both without a token, whatever the visitor sends', async () => {
    const world = await startProxyWorldForTest();
    world.metadata.setMood({ status: 500 });
    const headers = { authorization: 'Bearer mine', 'x-serverless-authorization': 'Bearer mine' };
    await world.visit({ host: 'refused--g.gyazo.example', headers });
    const sent = world.wake.calls.flatMap((call: WakeCall) => [...call.headers.keys()]);
    expect(sent.filter((name) => name.endsWith('authorization'))).toEqual([]);
  });
});

const PROXY_EMAIL = 'proxy@test-project.iam.gserviceaccount.com';

/** A staging-proxy before a function that checks callers. */
async function startGuardedWorld(allowedCaller: string) {
  const issuer = createTokenIssuer();
  const { log, entries } = recordingLog();
  const audiences: string[] = [];
  const rules = { audiences, allowedCallers: [allowedCaller] };
  const fetchKeys = async () => ({ keys: issuer.keys, maxAgeMs: 60_000 });
  const keys = createSigningKeys({ fetchKeys, now: Date.now, onProblem: () => {} });
  const verifySignature = createSignatureCheck(keys, rules);
  const guard = createGuard({ rules, verifySignature, acceptsStripped: false, now: Date.now, log });
  const served: string[] = [];
  const url = await serve(
    'guarded-wake',
    guard((request, response) => {
      served.push(request.path);
      if (request.path === '/touch') return response.status(204).end();
      if (request.path === '/hold') return response.set('X-Accel-Redirect', '@page').end();
      return response.status(503).end('a page');
    }),
  );
  audiences.push(url);
  const metadata = { issuer, email: PROXY_EMAIL };
  const world = await startProxyWorldForTest({ wakeFunction: () => url, metadata });
  return { world, served, entries };
}

describeWith(['nginx'], 'a function that checks callers', () => {
  test('serves the proxy, by the token that the metadata server signs', async () => {
    const { world, served, entries } = await startGuardedWorld(PROXY_EMAIL);
    await world.visit({ host: 'awake--g.gyazo.example' });
    const answer = await world.visit({ host: 'refused--g.gyazo.example' });
    expect(answer).toMatchObject({ status: 503, body: 'a page' });
    await until(
      () => served.includes('/touch'),
      () => 'no touch arrived',
    );
    expect(new Set(served)).toEqual(new Set(['/touch', '/hold', '/page']));
    expect(entries).toEqual([]);
  });

  test('refuses a proxy that is somebody else: its visitors get its own answer, and awake branches go on', async () => {
    const { world, served, entries } = await startGuardedWorld('somebody@example.com');
    expect(await world.visit({ host: 'awake--g.gyazo.example' })).toMatchObject({ status: 200 });
    const answer = await world.visit({ host: 'refused--g.gyazo.example' });
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '10' } });
    expect(answer.body).toContain('what would wake it');
    expect(served).toEqual([]);
    expect(entries[0]).toMatchObject({ event: 'refused', refusal: 'not-allowed' });
  });
});

async function touch(world: ProxyWorld, host: string): Promise<void> {
  await world.visit({ host });
  await called(world.wake, host);
}

function audienceOf(authorization = ''): unknown {
  const payload = authorization.replace('Bearer ', '').split('.')[1] ?? '';
  return JSON.parse(Buffer.from(payload, 'base64url').toString()).aud;
}
