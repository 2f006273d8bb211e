import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { documentId, nameOfDocument, scopeRange } from '../../shared/adapters/records/document-id.ts';

const scope = { cluster: 'staging', namespace: 'default' };
const anyName = fc.oneof(fc.string({ unit: 'binary', maxLength: 120 }), fc.string({ unit: 'grapheme' }));
/** Neither is ever empty: the configuration refuses that. */
const scopePart = anyName.filter((name) => name !== '');
const anyScope = fc.record({ cluster: scopePart, namespace: scopePart });
const bytes = (text: string) => Buffer.from(text);

describe('documentId', () => {
  test('leaves ordinary names as they are', () => {
    expect(documentId(scope, 'my-branch--g')).toBe('staging.default.my-branch--g');
    expect(documentId(scope, 'proxy.pod_7')).toBe('staging.default.proxy.pod_7');
  });

  test('holds nothing that a URL would change', () => {
    expect(documentId(scope, "a/b %~!'()*ü")).toBe('staging.default.a~2Fb~20~25~7E~21~27~28~29~2A~C3~BC');
    fc.assert(
      fc.property(anyScope, anyName, (any, name) => {
        expect(documentId(any, name)).toMatch(/^[-\w.~]*$/);
      }),
    );
  });

  test('is an id that Firestore takes, for any name', () => {
    fc.assert(
      fc.property(anyScope, fc.string({ unit: 'binary', maxLength: 9_000 }), (any, name) => {
        const id = documentId(
          { cluster: any.cluster.slice(0, 40), namespace: any.namespace.slice(0, 40) },
          name,
        );
        expect(id).not.toMatch(/\/|^__.*__$|^\.\.?$/);
        expect(bytes(id).length).toBeLessThanOrEqual(1_500);
      }),
    );
  });

  test('tells over-long names apart by more than their beginning', () => {
    const beginning = 'x'.repeat(5_000);
    expect(documentId(scope, `${beginning}a`)).not.toBe(documentId(scope, `${beginning}b`));
  });

  test.each([
    [
      { cluster: 'a.b', namespace: 'c' },
      { cluster: 'a', namespace: 'b.c' },
    ],
    [
      { cluster: 'a', namespace: 'b' },
      { cluster: 'a', namespace: 'b.c' },
    ],
    [
      { cluster: 'a', namespace: 'b' },
      { cluster: 'a', namespace: 'b-c' },
    ],
  ])('keeps %j apart from %j', (one, other) => {
    expect(documentId(one, 'd.e')).not.toBe(documentId(other, 'e'));
    expect(isInRange(one, documentId(other, 'e'))).toBe(false);
    expect(isInRange(other, documentId(one, 'd.e'))).toBe(false);
  });
});

describe('nameOfDocument', () => {
  test('reads any name back that is not over-long', () => {
    fc.assert(
      fc.property(anyScope, fc.string({ unit: 'grapheme', maxLength: 20 }), (any, name) => {
        expect(nameOfDocument(any, documentId(any, name))).toBe(name);
      }),
    );
  });

  test.each(['staging.default.~zz', 'staging.default.a~2db', 'staging.default.修正', 'production.default.a'])(
    'refuses %s, which documentId does not make',
    (id) => {
      expect(nameOfDocument(scope, id)).toBeUndefined();
    },
  );
});

describe('scopeRange', () => {
  test('holds exactly the ids of the scope', () => {
    fc.assert(
      fc.property(anyScope, anyScope, anyName, (mine, other, name) => {
        expect(isInRange(mine, documentId(mine, name))).toBe(true);
        const isSame = documentId(mine, '') === documentId(other, '');
        expect(isInRange(mine, documentId(other, name))).toBe(isSame);
      }),
    );
  });
});

/** In the order of UTF-8 bytes, as the stores compare. */
function isInRange(of: typeof scope, id: string): boolean {
  const { first, end } = scopeRange(of);
  return bytes(first).compare(bytes(id)) <= 0 && bytes(id).compare(bytes(end)) < 0;
}
