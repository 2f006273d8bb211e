import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseBranchHost } from '../../shared/core/branch-host.ts';
import { toBranchName } from '../../shared/core/branch-name.ts';

test('toBranchName keeps the plain name of a branch that loses nothing', () => {
  expect(toBranchName('feature-foo')).toBe('feature-foo--g');
});

test('toBranchName tells branches apart that look alike as labels', () => {
  const names = ['Feature/Foo', 'feature-foo', 'feature.foo', 'feature/foo'].map((name) =>
    toBranchName(name),
  );
  expect(new Set(names).size).toBe(4);
  expect(names.every((name) => name.startsWith('feature-foo'))).toBe(true);
});

test.each(['修正', '🚿', '--', '', '123-fix', 'qa', 'xn', 'a--b', 'a'.repeat(80)])(
  'toBranchName gives %j a name that a Service may bear',
  (gitBranch) => {
    expect(toBranchName(gitBranch)).toMatch(/^[a-z][a-z0-9-]*--g$/);
  },
);

test('toBranchName gives any branch a label that begins with a letter, fits and reads back', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.constantFrom('service', 'statefulset'),
      (name, bearer) => {
        const label = toBranchName(name, bearer as 'service' | 'statefulset');
        expect(label).toMatch(/^[a-z](?:-?[a-z0-9])*--g$/);
        expect(label.length).toBeLessThanOrEqual(bearer === 'service' ? 63 : 52);
        expect(label.slice(2, 4)).not.toBe('--');
        expect(parseBranchHost(`${label}.example.com`)).toEqual({ branch: label });
      },
    ),
    {
      examples: [
        ['qa', 'service'],
        ['q', 'service'],
        ['', 'service'],
      ],
      numRuns: 1_000,
    },
  );
});

test('parseBranchHost reads whatever branch host a team already has', () => {
  expect(parseBranchHost('qa--g.example.com')).toEqual({ branch: 'qa--g' });
  expect(parseBranchHost('1-x--y--g.staging.example.com')).toEqual({ branch: '1-x--y--g' });
});

test.each([
  [undefined, 'missing'],
  ['', 'missing'],
  ['example.com', 'not a branch host'],
  ['--g.example.com', 'not a branch host'],
  ['My-Branch--g.example.com', 'not a branch host'],
  ['../../pods/x--g.example.com', 'not a branch host'],
  ['a--g\n.example.com', 'not a branch host'],
  [`${'a'.repeat(61)}--g.example.com`, 'at most 63'],
  [`a--g.${'b'.repeat(260)}`, 'at most 253'],
])('parseBranchHost refuses %j and says why', (host, reason) => {
  expect(parseBranchHost(host)).toHaveProperty('problem', expect.stringContaining(reason));
});
