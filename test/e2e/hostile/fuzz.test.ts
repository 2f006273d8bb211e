import { describe, expect, test } from 'vitest';
import { describeWith, partPath } from '../../parts/part.ts';
import { judgeAnswer } from './judge-answer.ts';
import { type FuzzReport, runFuzz } from './run-fuzz.ts';

/** The long form is `npm run fuzz`. Another seed each day, told with what it finds. */
const SEED = Math.floor(Date.now() / 86_400_000);
const OF_FUNCTIONS = 5_000;
const THROUGH_NGINX = 3_000;

function expectUnharmed(report: FuzzReport, requests: number): void {
  expect(report.violations).toEqual([]);
  expect(report).toMatchObject({ requests, serverErrors: 0, unhandled: 0, clusterCallsForStrangers: 0 });
  // Most of it was taken in: an attack that nobody hears proves nothing.
  expect(report.answered['2xx']).toBeGreaterThan(requests / 20);
  expect(report.answered['4xx']).toBeGreaterThan(requests / 4);
}

describe('the functions', () => {
  test(`withstand ${OF_FUNCTIONS} requests of any form, and as many hosts that nobody knows`, async () => {
    const unknownHosts = OF_FUNCTIONS;
    const report = await runFuzz({
      seed: SEED,
      requests: OF_FUNCTIONS,
      unknownHosts,
      targets: ['wake', 'sleep'],
    });
    expectUnharmed(report, OF_FUNCTIONS);
    expect(report.lookUps).toBeGreaterThan(0);
  });
});

describeWith(['nginx'], 'nginx', () => {
  test(`and the function behind it withstand ${THROUGH_NGINX} requests of any form`, async () => {
    const report = await runFuzz({
      seed: SEED,
      requests: THROUGH_NGINX,
      unknownHosts: 0,
      targets: ['proxy'],
      nginx: partPath('nginx'),
    });
    expectUnharmed(report, THROUGH_NGINX);
    expect(report.proxyLogBytesPerRequest).toBeLessThan(2_048);
  });
});

describe('the judge of answers', () => {
  const answer = (status: number, head = '', body = '') => ({
    outcome: 'answered' as const,
    status,
    head,
    body,
  });
  const sent = (target: 'wake' | 'proxy', text: string) => ({ target, text, isWhole: true });

  test.each([500, 502, 503, 504])('takes a %i for a fault', (status) => {
    expect(judgeAnswer(sent('wake', 'GET /touch HTTP/1.1\r\n'), answer(status))).toBe('server-error');
    expect(judgeAnswer(sent('proxy', 'GET / HTTP/1.1\r\n'), answer(status))).toBe('server-error');
  });

  test('takes the waiting page for none, but nginx that finds no function for one', () => {
    const head = 'HTTP/1.1 503 x\r\nX-Robots-Tag: noindex\r\n';
    const request = sent('proxy', 'GET / HTTP/1.1\r\n');
    expect(judgeAnswer(request, answer(503, head))).toBe('excused');
    const down = answer(503, head, 'and neither does what would wake it');
    expect(judgeAnswer(request, down)).toBe('server-error');
  });

  test('excuses a transfer coding and a version that nobody speaks, and only those', () => {
    const coded = sent('proxy', 'GET / HTTP/1.1\r\nTransfer-Encoding: cow\r\n');
    const future = sent('proxy', 'GET / HTTP/9.9\r\n');
    const plain = sent('proxy', 'GET / HTTP/1.1\r\n');
    expect([coded, plain].map((each) => judgeAnswer(each, answer(501)))).toEqual(['excused', 'server-error']);
    expect([future, plain].map((each) => judgeAnswer(each, answer(505)))).toEqual([
      'excused',
      'server-error',
    ]);
  });
});
