import { describe, expect, test } from 'vitest';
import { applyJsonPatch, type JsonPatch } from '../../world/embedded-kubernetes/json-patch.ts';

const document = { spec: { replicas: 2, list: ['a', 'b'] }, 'with/slash': 1, 'with~tilde': 2 };

describe('applyJsonPatch', () => {
  test.for<[string, JsonPatch, object]>([
    ['adds a field', [{ op: 'add', path: '/spec/new', value: 1 }], { spec: { ...document.spec, new: 1 } }],
    ['adds to the end of a list', [{ op: 'add', path: '/spec/list/-', value: 'c' }], list('a', 'b', 'c')],
    ['adds within a list', [{ op: 'add', path: '/spec/list/1', value: 'x' }], list('a', 'x', 'b')],
    ['removes from a list', [{ op: 'remove', path: '/spec/list/0' }], list('b')],
    ['replaces in a list', [{ op: 'replace', path: '/spec/list/1', value: 'x' }], list('a', 'x')],
    ['replaces what is not there', [{ op: 'replace', path: '/new', value: 1 }], { new: 1 }],
    ['reads ~1 as a slash', [{ op: 'replace', path: '/with~1slash', value: 9 }], { 'with/slash': 9 }],
    ['reads ~0 as a tilde', [{ op: 'replace', path: '/with~0tilde', value: 9 }], { 'with~tilde': 9 }],
    ['copies', [{ op: 'copy', from: '/spec/list', path: '/copied' }], { copied: ['a', 'b'] }],
    ['moves', [{ op: 'move', from: '/with~1slash', path: '/moved' }], { 'with/slash': undefined, moved: 1 }],
    ['takes null for a field that is not there', [{ op: 'test', path: '/none', value: null }], {}],
    [
      'tests objects field by field',
      [{ op: 'test', path: '/spec', value: { list: ['a', 'b'], replicas: 2 } }],
      {},
    ],
  ])('%s', ([, patch, changed]) => {
    expect(applyJsonPatch(document, patch)).toEqual({ ...document, ...changed });
  });

  test.for<[string, JsonPatch[number]]>([
    ['a test fails', { op: 'test', path: '/spec/replicas', value: 1 }],
    ['a removed field is not there', { op: 'remove', path: '/none' }],
    ['the way to a field is not there', { op: 'add', path: '/none/below', value: 1 }],
    ['an index is beyond the list', { op: 'add', path: '/spec/list/3', value: 'x' }],
    ['an index is no number', { op: 'replace', path: '/spec/list/x', value: 'x' }],
    ['a path begins without a slash', { op: 'add', path: 'spec', value: 1 }],
    ['an operation is unknown', { op: 'wonder', path: '/spec' }],
  ])('is refused with 422 and changes nothing when %s', ([, operation]) => {
    const before = structuredClone(document);
    const patch = [{ op: 'add', path: '/first', value: 1 }, operation];
    expect(() => applyJsonPatch(document, patch)).toThrow('the server rejected our request');
    expect(document).toEqual(before);
  });
});

function list(...items: readonly string[]): object {
  return { spec: { replicas: 2, list: items } };
}
