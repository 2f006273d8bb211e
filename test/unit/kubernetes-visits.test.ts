import { describe, expect, test } from 'vitest';
import { createKubernetesVisits } from '../../shared/adapters/kubernetes/kubernetes-visits.ts';
import type { HttpAnswer } from '../../shared/adapters/rest/http-exchange.ts';
import type { RestTransport } from '../../shared/adapters/rest/rest-transport.ts';
import { BRANCH } from '../fixtures/branches.ts';

const RAISED = 200;
const NOT_AT_ZERO = 422;
const AGAIN_AFTER_MS = 5;
const SILENT = new Promise<never>(() => {});

const answer = (status: number, body: object = {}) => ({ status, headers: {}, body: JSON.stringify(body) });
const metadata = { name: BRANCH, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
const awake = { metadata, spec: { replicas: 1 } };

/** Answers each PATCH by the next of these, and shows the workload above 0. */
function raising(...patches: readonly (Promise<HttpAnswer> | HttpAnswer)[]) {
  const left = [...patches];
  const sent: string[] = [];
  const transport: RestTransport = {
    send: async ({ method }) => {
      sent.push(method);
      return method === 'PATCH' ? (left.shift() ?? SILENT) : answer(200, awake);
    },
    stream: () => SILENT,
    close: () => {},
  };
  const options = { transport, namespace: 'staging', raiseAgainAfterMs: AGAIN_AFTER_MS };
  return { sent, raise: () => createKubernetesVisits(options).raise(`deployment/${BRANCH}`, 1) };
}

const later = (value: HttpAnswer) =>
  new Promise<HttpAnswer>((resolve) => setTimeout(resolve, 10 * AGAIN_AFTER_MS, value));

describe('raise', () => {
  test('raise is sent once where it is answered', async () => {
    const { raise, sent } = raising(answer(RAISED));
    expect(await raise()).toBe('raised');
    await later(answer(RAISED));
    expect(sent).toEqual(['PATCH']);
  });

  test('raise that was done and never answered is done, as its second call says', async () => {
    const { raise, sent } = raising(SILENT, answer(NOT_AT_ZERO));
    expect(await raise()).toBe('not-at-zero');
    expect(sent).toEqual(['PATCH', 'PATCH', 'GET']);
  });

  test('raise waits for its first call when the second is not answered either', async () => {
    const { raise } = raising(later(answer(RAISED)), SILENT);
    expect(await raise()).toBe('raised');
  });

  test('raise waits for its first call when the second fails', async () => {
    const { raise } = raising(later(answer(RAISED)), answer(403));
    expect(await raise()).toBe('raised');
  });

  test('raise that fails at once is not sent again', async () => {
    const { raise, sent } = raising(answer(403), answer(RAISED));
    await expect(raise()).rejects.toThrow('may not patch');
    expect(sent).toEqual(['PATCH']);
  });
});
