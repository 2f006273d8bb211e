import { expect, test } from 'vitest';
import { createRememberedCallers } from '../../functions/remembered-callers.ts';

const CALLER = { email: 'proxy@example.com', proof: 'signature' } as const;

test('createRememberedCallers knows a caller until its token expires', () => {
  let nowMs = 0;
  const remembered = createRememberedCallers(() => nowMs);
  remembered.add('token', CALLER, 1_000);
  nowMs = 999;
  expect(remembered.find('token')).toEqual(CALLER);
  nowMs = 1_000;
  expect(remembered.find('token')).toBeUndefined();
  nowMs = 0;
  expect(remembered.find('token')).toBeUndefined();
});

test('createRememberedCallers knows the last 100 tokens, and one that is added again as one of the last', () => {
  const remembered = createRememberedCallers(() => 0);
  for (let n = 0; n < 100; n++) remembered.add(`token-${n}`, CALLER, 1_000);
  remembered.add('token-0', CALLER, 1_000);
  remembered.add('token-100', CALLER, 1_000);
  expect(remembered.find('token-0')).toEqual(CALLER);
  expect(remembered.find('token-1')).toBeUndefined();
  expect(remembered.find('token-2')).toEqual(CALLER);
});
