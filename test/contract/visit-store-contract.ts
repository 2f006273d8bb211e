import { beforeEach, describe, expect, test } from 'vitest';
import type { StoreScope } from '../../shared/adapters/records/document-id.ts';
import { StoreError, type VisitStore } from '../../shared/ports.ts';
import {
  createFound,
  EARLIER_DOCUMENT,
  FULL_DOCUMENT,
  FULL_RECORD,
  freshScope,
  idIn,
  LONG_AGO,
  readFound,
  SILENCE_MS,
  type StoreWorld,
} from './store-fixture.ts';

/** What every `VisitStore` promises. `world` is asked in each test, when the system is up. */
export function visitStoreContract(name: string, world: () => StoreWorld<VisitStore>): void {
  describe(`${name} as a VisitStore`, () => describeAll(world));
}

function describeAll(world: () => StoreWorld<VisitStore>): void {
  let scope: StoreScope;
  let store: VisitStore;

  beforeEach(() => {
    scope = freshScope();
    store = world().open(scope);
  });

  const put = (branch: string, document: object) =>
    world().put('branches', { [idIn(scope, branch)]: document as Record<string, unknown> });

  describe('stampVisit', () => {
    test('reports missing and creates nothing when there is no record', async () => {
      expect(await store.stampVisit('my-branch--g')).toBe('missing');
      expect(await store.readRecord('my-branch--g')).toEqual({ outcome: 'missing' });
    });

    test("stamps the store's time over an old one", async () => {
      await put('my-branch--g', { v: 1, lastAccess: LONG_AGO, wakeMs: [] });
      expect(await store.stampVisit('my-branch--g')).toBe('stamped');
      const { record } = await readFound(store, 'my-branch--g');
      expect(Math.abs(record.lastAccessMs - Date.now())).toBeLessThan(5_000);
    });

    test('clears contested and expireAt and leaves every other field', async () => {
      await put('my-branch--g', FULL_DOCUMENT);
      await store.stampVisit('my-branch--g');
      const { lastAccessMs, ...rest } = (await readFound(store, 'my-branch--g')).record;
      const { lastAccessMs: old, contested, expireAtMs, ...untouched } = FULL_RECORD;
      expect(rest).toEqual(untouched);
      expect(lastAccessMs).toBeGreaterThan(old);
    });

    test('changes the version of the record', async () => {
      const { version } = await createFound(store, 'my-branch--g');
      await store.stampVisit('my-branch--g');
      expect((await readFound(store, 'my-branch--g')).version).not.toBe(version);
    });

    test('stamps every one of 20 visits at once', async () => {
      await store.createRecord('my-branch--g');
      const stamps = Array.from({ length: 20 }, () => store.stampVisit('my-branch--g'));
      expect(new Set(await Promise.all(stamps))).toEqual(new Set(['stamped']));
    });

    test('never goes back in time over 20 visits in a row', async () => {
      await store.createRecord('my-branch--g');
      const times: number[] = [];
      for (let visit = 0; visit < 20; visit++) {
        await store.stampVisit('my-branch--g');
        times.push((await readFound(store, 'my-branch--g')).record.lastAccessMs);
      }
      expect(times).toEqual(times.toSorted((one, other) => one - other));
    });

    test('mends a record whose last access is wrong', async () => {
      await put('my-branch--g', { v: 1, lastAccess: 'yesterday', wakeMs: [] });
      expect(await store.stampVisit('my-branch--g')).toBe('stamped');
      await readFound(store, 'my-branch--g');
    });
  });

  describe('stampBackground', () => {
    test('reports missing and creates nothing when there is no record', async () => {
      expect(await store.stampBackground('my-branch--g')).toBe('missing');
      expect(await store.readRecord('my-branch--g')).toEqual({ outcome: 'missing' });
    });

    test("stamps the store's time, and leaves every other field", async () => {
      await put('my-branch--g', FULL_DOCUMENT);
      expect(await store.stampBackground('my-branch--g')).toBe('stamped');
      const { lastBackgroundMs, ...rest } = (await readFound(store, 'my-branch--g')).record;
      const { lastBackgroundMs: _, ...untouched } = FULL_RECORD;
      expect(rest).toEqual(untouched);
      expect(Math.abs(Number(lastBackgroundMs) - Date.now())).toBeLessThan(5_000);
    });

    test('stamps a record that knew of none, and leaves fields of a later Dormouse', async () => {
      const later = { added: ['by', 'a', 'newer', 1] };
      await put('my-branch--g', { ...EARLIER_DOCUMENT, later });
      await store.stampBackground('my-branch--g');
      const document = await world().get('branches', idIn(scope, 'my-branch--g'));
      expect(document).toEqual({ ...EARLIER_DOCUMENT, later, lastBackground: expect.any(Date) });
    });

    test('changes the version of the record, so that a claim of before conflicts', async () => {
      const { version } = await createFound(store, 'my-branch--g');
      await store.stampBackground('my-branch--g');
      expect((await readFound(store, 'my-branch--g')).version).not.toBe(version);
      const claim = await store.update('my-branch--g', version, { asleepSince: 'now' });
      expect(claim).toEqual({ outcome: 'conflict' });
    });

    test('is left by a visit, as the visit is by it', async () => {
      await store.createRecord('my-branch--g');
      await store.stampBackground('my-branch--g');
      const { lastBackgroundMs } = (await readFound(store, 'my-branch--g')).record;
      await store.stampVisit('my-branch--g');
      const { record } = await readFound(store, 'my-branch--g');
      expect(record.lastBackgroundMs).toBe(lastBackgroundMs);
      expect(record.lastAccessMs).toBeGreaterThanOrEqual(Number(lastBackgroundMs));
    });
  });

  describe('createRecord', () => {
    test('creates a record of which nothing is known but a visit now', async () => {
      const { record } = await createFound(store, 'my-branch--g');
      expect(record).toEqual({ lastAccessMs: expect.any(Number), wakeMs: [] });
      expect(Math.abs(record.lastAccessMs - Date.now())).toBeLessThan(5_000);
    });

    test('leaves a record that exists as it is', async () => {
      await put('my-branch--g', FULL_DOCUMENT);
      expect(await store.createRecord('my-branch--g')).toBe('exists');
      expect((await readFound(store, 'my-branch--g')).record).toEqual(FULL_RECORD);
    });

    test('creates one record when 20 ask at once', async () => {
      const stores = [store, world().open(scope)];
      const calls = Array.from({ length: 20 }, (_, index) => stores[index % 2]?.createRecord('my-branch--g'));
      const outcomes = await Promise.all(calls);
      expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === 'exists')).toHaveLength(19);
    });

    test('creates again a record that was deleted, with nothing of the old one', async () => {
      await put('my-branch--g', FULL_DOCUMENT);
      const old = await readFound(store, 'my-branch--g');
      await world().remove('branches', idIn(scope, 'my-branch--g'));
      const made = await createFound(store, 'my-branch--g');
      expect(made.record).toEqual({ lastAccessMs: expect.any(Number), wakeMs: [] });
      expect(made.version).not.toBe(old.version);
    });
  });

  describe('readRecord', () => {
    test('reads every field, and the same version while nobody writes', async () => {
      await put('my-branch--g', FULL_DOCUMENT);
      const { record, version } = await readFound(store, 'my-branch--g');
      expect(record).toEqual(FULL_RECORD);
      expect((await readFound(world().open(scope), 'my-branch--g')).version).toBe(version);
    });

    test('reads a record that was written before there were policies', async () => {
      await put('my-branch--g', EARLIER_DOCUMENT);
      expect((await readFound(store, 'my-branch--g')).record).toEqual({
        lastAccessMs: LONG_AGO.getTime(),
        asleepSinceMs: LONG_AGO.getTime(),
        replicas: { 'deployment/web.v2--g': 2 },
        contested: 1,
        wakeMs: [1_200],
      });
    });

    test('names what is wrong with a record that cannot be read', async () => {
      await put('my-branch--g', { ...FULL_DOCUMENT, contested: 'often' });
      expect(await store.readRecord('my-branch--g')).toEqual({
        outcome: 'malformed',
        branch: 'my-branch--g',
        problem: "contested is 'often': expected a whole number, 0 or more",
      });
    });

    test('does not see the record of another namespace', async () => {
      await world().open(freshScope()).createRecord('my-branch--g');
      expect(await store.readRecord('my-branch--g')).toEqual({ outcome: 'missing' });
    });

    test.each(['a.b', '%2e', '~2E', 'a/b', '..', 'ü', '__x__', ''])(
      'keeps a record for a branch named %j',
      async (branch) => {
        await createFound(store, branch);
        expect(await store.stampVisit(branch)).toBe('stamped');
      },
    );

    test('keeps a record for a branch whose name is longer than an id may be', async () => {
      await createFound(store, 'x'.repeat(3_000));
      expect(await store.stampVisit('x'.repeat(3_000))).toBe('stamped');
      expect(await store.stampVisit('x'.repeat(2_999))).toBe('missing');
    });
  });

  describe('a system that does not do what it is asked', () => {
    test('rejects with a StoreError within 2 s, whatever is asked', async () => {
      const down = await world().openDown(scope);
      const startMs = performance.now();
      const ended = await Promise.allSettled([
        down.stampVisit('my-branch--g'),
        down.stampBackground('my-branch--g'),
        down.createRecord('my-branch--g'),
        down.readRecord('my-branch--g'),
        down.stampHeartbeat('proxy-1', SILENCE_MS),
      ]);
      expect(performance.now() - startMs).toBeLessThan(3_000);
      for (const call of ended) {
        expect(call).toMatchObject({ status: 'rejected', reason: expect.any(StoreError) });
        expect(call).toHaveProperty('reason.cause', expect.any(Error));
      }
    });
  });
}
