import { expect, test } from 'vitest';
import {
  isDnsLabel,
  parseWorkloadName,
  workloadPath,
} from '../../shared/adapters/kubernetes/kubernetes-names.ts';

test('isDnsLabel accepts what a Service may be called, up to 63 characters', () => {
  expect(['a', '1', 'my-branch--g', 'a'.repeat(63)].every(isDnsLabel)).toBe(true);
  const others = ['', '-', 'a-', '-a', 'A', 'a.b', 'a/b', 'a_b', 'ä', 'a b', 'a\n', 'a'.repeat(64)];
  expect(others.filter(isDnsLabel)).toEqual([]);
});

test('parseWorkloadName accepts labels with dots between them, up to 253 characters', () => {
  expect(parseWorkloadName('statefulset/a.b-c.d')).toEqual({ kind: 'statefulset', name: 'a.b-c.d' });
  const longest = Array.from({ length: 127 }, () => 'a').join('.');
  expect(parseWorkloadName(`deployment/${longest}`)).toEqual({ kind: 'deployment', name: longest });
  expect(parseWorkloadName(`deployment/${longest}.a`)).toBeUndefined();
});

test.each(['', '.', '..', 'a..b', 'a.', '.a', 'a/scale', '../a', 'a?b', 'a%2e', 'a#b'])(
  'parseWorkloadName refuses %j',
  (name) => {
    expect(parseWorkloadName(`deployment/${name}`)).toBeUndefined();
  },
);

test('workloadPath names a collection or one of its objects, and encodes both parts', () => {
  expect(workloadPath('ns', 'statefulset')).toBe('/apis/apps/v1/namespaces/ns/statefulsets');
  expect(workloadPath('n/s', 'deployment', 'a?b')).toBe('/apis/apps/v1/namespaces/n%2Fs/deployments/a%3Fb');
});
