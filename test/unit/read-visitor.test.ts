import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readVisitor, type VisitorHeaders } from '../../shared/core/read-visitor.ts';

const NOTHING: VisitorHeaders = {
  method: undefined,
  accept: undefined,
  fetchDest: undefined,
  script: undefined,
  background: undefined,
  tried: undefined,
  round: undefined,
  waited: undefined,
};

test('readVisitor counts our own answers among what nginx tried', () => {
  expect(readVisitor({ ...NOTHING, tried: '502' }).tries).toBe(0);
  expect(readVisitor({ ...NOTHING, tried: '502, 200 : 502, 200 : 504' }).tries).toBe(2);
});

test('readVisitor adds up what the rounds took', () => {
  expect(readVisitor({ ...NOTHING, waited: '12.013,0.250' }).waitedMs).toBeCloseTo(12_263);
});

test('readVisitor takes a page that opens for a navigation, and a script that asks for HTML for none', () => {
  const page = { ...NOTHING, method: 'GET', accept: 'text/html,*/*', fetchDest: 'document' };
  expect(readVisitor(page).isNavigation).toBe(true);
  expect(readVisitor({ ...page, script: '1' }).isNavigation).toBe(false);
});

test('readVisitor makes a visitor of whatever is sent', () => {
  const text = fc.option(fc.string({ unit: 'binary' }), { nil: undefined });
  const any = fc.record({
    method: text,
    accept: text,
    fetchDest: text,
    script: text,
    background: text,
    tried: text,
    round: text,
    waited: text,
  });
  fc.assert(
    fc.property(any, (headers) => {
      const { tries, rounds, waitedMs } = readVisitor(headers);
      for (const figure of [tries, rounds, waitedMs]) expect(figure).toBeGreaterThanOrEqual(0);
      expect(Number.isFinite(waitedMs)).toBe(true);
    }),
  );
});
