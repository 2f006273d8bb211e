import { expect, onTestFinished, test } from 'vitest';
import { fetchGoogleKeys } from '../../shared/adapters/identity/google-keys.ts';
import { type Reaction, startScriptedServer } from '../world/scripted-server.ts';
import { createTokenIssuer } from '../world/token-issuer.ts';

const { keys } = createTokenIssuer();

async function fetchFrom(react: (number: number) => Reaction, timeoutMs?: number) {
  const server = await startScriptedServer((_, number) => react(number));
  onTestFinished(server.close);
  return fetchGoogleKeys({ url: `${server.url}/certs`, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
}

const answer = (body: unknown, cacheControl?: string): Reaction => ({
  headers: {
    'content-type': 'application/json; charset=UTF-8',
    ...(cacheControl === undefined ? {} : { 'cache-control': cacheControl }),
  },
  body: JSON.stringify(body),
});

test.each([
  ['public, max-age=24442, must-revalidate, no-transform', 24_442_000],
  ['no-cache', 300_000],
  [undefined, 300_000],
])('fetchGoogleKeys reads how long the keys are good: %s', async (cacheControl, maxAgeMs) => {
  expect(await fetchFrom(() => answer(keys, cacheControl))).toEqual({ keys, maxAgeMs });
});

test('fetchGoogleKeys tries again when the server fails', async () => {
  const fetched = await fetchFrom((number) => (number === 1 ? { status: 503 } : answer(keys)));
  expect(fetched.keys).toEqual(keys);
});

test('fetchGoogleKeys gives up in time on a server that hangs', async () => {
  await expect(fetchFrom(() => 'hang', 200)).rejects.toThrow(/no keys within 200 ms|timeout/);
});

test.each([[{}], [[]], [{ 'key-1': 7 }], [{ error: 'not today' }], ['text']])(
  'fetchGoogleKeys takes %j for no keys',
  async (body) => {
    await expect(fetchFrom(() => answer(body))).rejects.toThrow('the answer holds no keys');
  },
);

test('fetchGoogleKeys says what the server said', async () => {
  await expect(fetchFrom(() => ({ status: 404, body: 'nothing here' }))).rejects.toThrow(
    /Failed to retrieve verification certificates: .*nothing here/,
  );
});
