import { expect, test } from 'vitest';
import { labelSelectorText } from '../../shared/adapters/kubernetes/label-selector.ts';
import { ClusterError } from '../../shared/ports.ts';

test('labelSelectorText writes every kind of requirement as a list call wants it', () => {
  const matchExpressions = [
    { key: 'tier', operator: 'In', values: ['a', 'b'] },
    { key: 'zone', operator: 'NotIn', values: ['c'] },
    { key: 'example.com/x', operator: 'Exists' },
    { key: 'canary', operator: 'DoesNotExist' },
  ];
  expect(labelSelectorText({ matchLabels: { app: 'web' }, matchExpressions })).toBe(
    'app=web,tier in (a,b),zone notin (c),example.com/x,!canary',
  );
});

test('labelSelectorText refuses an operator that it does not know', () => {
  const unknown = { matchExpressions: [{ key: 'a', operator: 'Gt', values: ['1'] }] };
  expect(() => labelSelectorText(unknown)).toThrow(ClusterError);
});
