import { unzipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { pickLock } from '../../functions/package/pick-lock.ts';
import { zipFiles } from '../../functions/package/zip-files.ts';

const manifest = { name: 'archive', version: '1.0.0', dependencies: { framework: '5.0.0' } };

function lockOf(packages: Record<string, object>) {
  return { lockfileVersion: 3, packages: packages as Record<string, Record<string, never>> };
}

describe('pickLock', () => {
  test('takes what is needed, the needs of that, and nothing else', () => {
    const framework = { version: '5.0.0', dependencies: { express: '^5.0.0' } };
    const express = { version: '5.1.0' };
    const lock = lockOf({
      'node_modules/framework': framework,
      'node_modules/express': express,
      'node_modules/zod': { version: '4.0.0' },
    });
    expect(pickLock(lock, manifest)).toEqual({
      name: 'archive',
      version: '1.0.0',
      lockfileVersion: 3,
      requires: true,
      packages: { '': manifest, 'node_modules/express': express, 'node_modules/framework': framework },
    });
  });

  test('prefers the version that lies in the dependent itself, and leaves it there', () => {
    const packages = {
      'node_modules/framework': { dependencies: { debug: '2' } },
      'node_modules/framework/node_modules/debug': { version: '2.0.0', dependencies: { ms: '2' } },
      'node_modules/ms': { version: '2.0.0' },
    };
    const lock = lockOf({ ...packages, 'node_modules/debug': { version: '4.0.0' } });
    expect(pickLock(lock, manifest)).toMatchObject({ packages: { '': manifest, ...packages } });
    expect(JSON.stringify(pickLock(lock, manifest))).not.toContain('4.0.0');
  });

  test('ends with dependencies in a circle', () => {
    const packages = {
      'node_modules/a': { dependencies: { framework: '5' } },
      'node_modules/framework': { dependencies: { a: '1' } },
    };
    expect(pickLock(lockOf(packages), manifest)).toHaveProperty('packages', { '': manifest, ...packages });
  });

  test('goes without an optional dependency that was not installed', () => {
    const packages = { 'node_modules/framework': { optionalDependencies: { fsevents: '2' } } };
    expect(pickLock(lockOf(packages), manifest)).toHaveProperty('packages', { '': manifest, ...packages });
  });

  test('refuses a lock without a dependency, and names it', () => {
    const lock = lockOf({ 'node_modules/framework': { dependencies: { express: '5' } } });
    expect(() => pickLock(lock, manifest)).toThrow('no express, which node_modules/framework needs');
  });
});

describe('zipFiles', () => {
  const bytes = (text: string) => new TextEncoder().encode(text);

  test('makes the same bytes of the same files, whatever their order', () => {
    const a = ['a.js', bytes('a')] as const;
    const b = ['folder/b.js', bytes('b'.repeat(10_000))] as const;
    expect(zipFiles(new Map([b, a]))).toEqual(zipFiles(new Map([a, b])));
  });

  test('makes other bytes of another file', () => {
    const zip = (text: string) => zipFiles(new Map([['a.js', bytes(text)]]));
    expect(zip('a')).not.toEqual(zip('b'));
  });

  test('holds what was put in', () => {
    const files = new Map([['folder/b.js', bytes('b')]]);
    expect(Object.entries(unzipSync(zipFiles(files)))).toEqual([['folder/b.js', bytes('b')]]);
  });
});
