import { expect, test } from 'vitest';
import { createProxyLimit } from '../../functions/proxy-limit.ts';

const MINUTE_MS = 60_000;

function limiting() {
  const clock = { nowMs: 0 };
  return { clock, isAccepted: createProxyLimit(() => clock.nowMs) };
}

const proxies = (count: number) => Array.from({ length: count }, (_, n) => `nginx-${n}`);

test('the limit of proxies accepts 100 that are new at once, and refuses the next', () => {
  const { isAccepted } = limiting();
  expect(proxies(101).filter(isAccepted)).toHaveLength(100);
  expect(isAccepted('nginx-100')).toBe(false);
});

test('the limit of proxies accepts those that go on beating, however many are new beside them', () => {
  const { clock, isAccepted } = limiting();
  isAccepted('nginx');
  for (let minute = 1; minute <= 120; minute += 1) {
    clock.nowMs = minute * MINUTE_MS;
    for (const name of proxies(200)) isAccepted(`${minute}-${name}`);
    expect(isAccepted('nginx')).toBe(true);
  }
});

test('the limit of proxies accepts one new one a minute after that', () => {
  const { clock, isAccepted } = limiting();
  for (const name of proxies(100)) isAccepted(name);
  clock.nowMs = MINUTE_MS - 1;
  expect(isAccepted('late')).toBe(false);
  clock.nowMs = MINUTE_MS;
  expect([isAccepted('late'), isAccepted('later')]).toEqual([true, false]);
});
