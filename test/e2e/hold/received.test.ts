import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import { type Branch, type HoldWorld, startHoldWorld } from './hold-world.ts';
import { type Answer, send } from './send.ts';

const BODY_BYTES = 100_000;
/** A minute or more in production. */
const APPLICATION_TIMEOUT = '3s';
const PATIENT_MS = 2_000;
const LATE_MS = 5_000;

describeWith(
  ['control-plane', 'firestore-emulator', 'nginx'],
  'a request that the application has received',
  () => {
    let world: HoldWorld;
    let count = 0;

    beforeAll(async () => {
      world = await startHoldWorld({ proxyVariables: { application_timeout: APPLICATION_TIMEOUT } });
    });
    afterAll(() => world?.stop());

    /** A POST to a branch of its own that is asleep. */
    async function postTo(path: string): Promise<Answer & { readonly branch: Branch }> {
      count += 1;
      const branch = await world.createBranch(`received-${count}--g`, { startMs: 200 });
      const answer = await send(world.proxy.port, branch.host, {
        method: 'POST',
        path,
        bodyBytes: BODY_BYTES,
      });
      return { ...answer, branch };
    }

    /** All that came to the branch's pods, with a body or without. */
    const requestsTo = ({ name }: Branch) => world.kubelet.requests(name);

    test.concurrent.each([502, 503, 504])(
      'gets the application’s own %i with its body, once',
      async (status) => {
        const answer = await postTo(`/status?code=${status}`);
        expect(answer.status).toBe(status);
        expect(answer.headers).toMatchObject({ server: 'faithful', 'retry-after': '7' });
        expect(JSON.parse(answer.body)).toEqual(answer.branch.application.deliveries[0]);
        expect(requestsTo(answer.branch)).toBe(1);
      },
    );

    test.concurrent.each([502, 503, 504])(
      'gets the application’s own %i without a body, once',
      async (status) => {
        const answer = await postTo(`/status?code=${status}&empty`);
        expect([answer.status, answer.body]).toEqual([status, '']);
        expect(answer.headers).toMatchObject({ server: 'faithful', 'content-length': '0' });
        expect(requestsTo(answer.branch)).toBe(1);
      },
    );

    test.concurrent.each(['/crash', '/drop'])(
      'is not repeated when the application ends in the middle of it: %s',
      async (path) => {
        const answer = await postTo(path);
        expect(answer.status).toBe(502);
        expect(answer.body).toContain('not repeated');
        expect(requestsTo(answer.branch)).toBe(1);
      },
    );

    test.concurrent('is not repeated when its pod crashes, and the next one is held until there is a new one', async () => {
      const branch = await world.createBranch('mortal--g', {
        startMs: 200,
        crashAfterMs: 1_500,
        crashTimes: 1,
      });
      const first = await send(world.proxy.port, branch.host, { method: 'POST', path: '/slow?ms=2500' });
      expect(first.status).toBe(502);
      expect(branch.application.deliveries).toHaveLength(1);
      const second = await send(world.proxy.port, branch.host, { method: 'POST' });
      expect(second.status).toBe(200);
      expect(branch.application.deliveries).toHaveLength(2);
    });

    test.concurrent('is waited for up to the timeout of the application', async () => {
      const answer = await postTo(`/slow?ms=${PATIENT_MS}`);
      expect(answer.status).toBe(200);
      expect(requestsTo(answer.branch)).toBe(1);
    });

    test.concurrent('is a 504 and not repeated when the application is slower than that', async () => {
      const answer = await postTo(`/slow?ms=${LATE_MS}`);
      expect(answer.status).toBe(504);
      expect(answer.body).toContain('not repeated');
      expect(requestsTo(answer.branch)).toBe(1);
    });
  },
);
