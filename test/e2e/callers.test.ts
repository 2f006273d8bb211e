import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FunctionProcess, startFunction } from '../world/function-process.ts';
import { createTokenIssuer, idTokenClaims, stripSignature } from '../world/token-issuer.ts';

const AUDIENCE = 'https://dormouse.example';
const EMAIL = 'caller@example.com';
/** Nobody listens there: neither Kubernetes is reached nor Google, whose keys the functions take and no others. */
const NOWHERE = 'http://127.0.0.1:9';

const folder = mkdtempSync(path.join(tmpdir(), 'dormouse-callers-'));
const issuer = createTokenIssuer();
let wake: FunctionProcess;
let sleep: FunctionProcess;

beforeAll(async () => {
  const env = {
    DORMOUSE_CLUSTER: 'staging',
    DORMOUSE_NAMESPACE: 'staging',
    DORMOUSE_KUBERNETES_URL: NOWHERE,
    DORMOUSE_SQLITE_FILE: path.join(folder, 'records.sqlite'),
    DORMOUSE_AUDIENCE: AUDIENCE,
    DORMOUSE_ALLOWED_CALLERS: EMAIL,
    HTTPS_PROXY: NOWHERE,
  };
  [wake, sleep] = await Promise.all([
    startFunction({ target: 'wake', env }),
    startFunction({ target: 'sleep', env }),
  ]);
});
afterAll(async () => {
  await Promise.all([wake?.stop(), sleep?.stop()]);
  rmSync(folder, { recursive: true });
});

const signed = () => issuer.sign(idTokenClaims({ audience: AUDIENCE, email: EMAIL, nowMs: Date.now() }));

/** An empty token is none. */
async function call(url: string, method: string, token: string) {
  const headers = token === '' ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(url, { method, headers });
  return [answer.status, ((await answer.json()) as { detail: string }).detail];
}

test('wake asks for a token at each of its paths, and does not take one without its signature', async () => {
  for (const each of ['/touch', '/hold', '/page', '/progress']) {
    expect(await call(wake.url + each, 'GET', '')).toEqual([401, 'an ID token is missing']);
    expect(await call(wake.url + each, 'GET', stripSignature(signed()))).toEqual([
      401,
      expect.stringContaining('came without its signature'),
    ]);
  }
});

test('wake serves nobody while it has none of the keys that Google signs with', async () => {
  expect(await call(`${wake.url}/touch`, 'GET', signed())).toEqual([503, expect.stringContaining('keys')]);
  expect(wake.lines.join()).toContain("Google's signing keys could not be fetched");
});

test('sleep asks for a token, and sweeps for one without its signature, of which it tells no reasons', async () => {
  expect(await call(sleep.url, 'POST', '')).toEqual([401, 'an ID token is missing']);
  expect(await call(sleep.url, 'POST', stripSignature(signed()))).toEqual([500, 'the sweep could not begin']);
  expect(sleep.lines.join()).toContain('sweep failed');
});
