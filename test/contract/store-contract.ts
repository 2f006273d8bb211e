import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { documentId, type StoreScope } from '../../shared/adapters/records/document-id.ts';
import type { StoredDocument } from '../../shared/adapters/records/stored-document.ts';
import type { RecordChange } from '../../shared/core/branch-record.ts';
import { type BranchStore, StoreError } from '../../shared/ports.ts';
import {
  createFound,
  FULL_DOCUMENT,
  FULL_RECORD,
  freshScope,
  idIn,
  LONG_AGO,
  readFound,
  SILENCE_MS,
  type StoreWorld,
} from './store-fixture.ts';

const BRANCH = 'my-branch--g';
const DAY_MS = 24 * 60 * 60 * 1_000;

/** What every `BranchStore` promises beyond `VisitStore`. `world` is asked in each test, when the system is up. */
export function branchStoreContract(name: string, world: () => StoreWorld): void {
  describe(`${name} as a BranchStore`, () => describeAll(world));
}

function describeAll(world: () => StoreWorld): void {
  let scope: StoreScope;
  let store: BranchStore;

  beforeEach(() => {
    scope = freshScope();
    store = world().open(scope);
  });

  const put = (documents: Readonly<Record<string, StoredDocument>>, of = scope) =>
    world().put(
      'branches',
      Object.fromEntries(Object.entries(documents).map(([branch, document]) => [idIn(of, branch), document])),
    );

  /** The record after a change of the one that `FULL_DOCUMENT` makes. */
  async function recordAfter(change: RecordChange) {
    await put({ [BRANCH]: FULL_DOCUMENT });
    const { version } = await readFound(store, BRANCH);
    expect(await store.update(BRANCH, version, change)).toMatchObject({ outcome: 'written' });
    return (await readFound(store, BRANCH)).record;
  }

  describe('update', () => {
    test('writes when the record has the version, and returns the one that is read after', async () => {
      const { version } = await createFound(store, BRANCH);
      const updated = await store.update(BRANCH, version, { asleepSince: 'now', wakeMs: [7] });
      const after = await readFound(store, BRANCH);
      expect(updated).toEqual({ outcome: 'written', version: after.version });
      expect(after.version).not.toBe(version);
      expect(after.record.wakeMs).toEqual([7]);
    });

    test('conflicts and writes nothing when the version is an older one', async () => {
      const { version } = await createFound(store, BRANCH);
      await store.update(BRANCH, version, { contested: 1 });
      expect(await store.update(BRANCH, version, { contested: 2 })).toEqual({ outcome: 'conflict' });
      expect((await readFound(store, BRANCH)).record.contested).toBe(1);
    });

    test('conflicts when a visit came between', async () => {
      const { version } = await createFound(store, BRANCH);
      await store.stampVisit(BRANCH);
      expect(await store.update(BRANCH, version, { asleepSince: 'now' })).toEqual({ outcome: 'conflict' });
    });

    test('tells a visit after a claim by the version', async () => {
      const { version } = await createFound(store, BRANCH);
      const claim = await store.update(BRANCH, version, { asleepSince: 'now', replicas: {} });
      await store.stampVisit(BRANCH);
      expect(claim).toMatchObject({ outcome: 'written' });
      expect(claim).not.toMatchObject({ version: (await readFound(store, BRANCH)).version });
    });

    test('conflicts and creates nothing when the record was deleted', async () => {
      const { version } = await createFound(store, BRANCH);
      await world().remove('branches', idIn(scope, BRANCH));
      expect(await store.update(BRANCH, version, { asleepSince: 'now' })).toEqual({ outcome: 'conflict' });
      expect(await store.readRecord(BRANCH)).toEqual({ outcome: 'missing' });
    });

    test('conflicts when the record was deleted and created again', async () => {
      const { version } = await createFound(store, BRANCH);
      await world().remove('branches', idIn(scope, BRANCH));
      await store.createRecord(BRANCH);
      expect(await store.update(BRANCH, version, { contested: 1 })).toEqual({ outcome: 'conflict' });
    });

    test("stamps the store's time for now", async () => {
      const now = 'now' as const;
      const change = { lastAccess: now, asleepSince: now, offSince: now, deletionAnnouncedAt: now };
      const record = await recordAfter(change);
      const { lastAccessMs, asleepSinceMs, offSinceMs, deletionAnnouncedAtMs } = record;
      for (const timeMs of [lastAccessMs, asleepSinceMs, offSinceMs, deletionAnnouncedAtMs]) {
        expect(Math.abs(Number(timeMs) - Date.now())).toBeLessThan(5_000);
      }
    });

    test('removes every field that is cleared', async () => {
      const record = await recordAfter({
        asleepSince: 'clear',
        replicas: 'clear',
        revisions: 'clear',
        offSince: 'clear',
        contested: 'clear',
        pinnedUntilMs: 'clear',
        deletionAnnouncedAt: 'clear',
        expireAtMs: 'clear',
      });
      const { lastAccessMs, lastBackgroundMs, wakeMs } = FULL_RECORD;
      expect(record).toEqual({ lastAccessMs, lastBackgroundMs, wakeMs });
    });

    test('leaves every field that is not named', async () => {
      expect(await recordAfter({ contested: 3 })).toEqual({ ...FULL_RECORD, contested: 3 });
      expect(await recordAfter({ contested: 'clear' })).toEqual(omit('contested'));
    });

    test('leaves fields of a later Dormouse', async () => {
      await recordAfter({ asleepSince: 'clear', lastAccess: 'now', wakeMs: [1] });
      const documents = await world().get('branches', idIn(scope, BRANCH));
      expect(documents).toMatchObject({ later: FULL_DOCUMENT.later });
    });

    test('replaces replicas whole, names with dots included', async () => {
      const replicas = { 'deployment/web.v3--g': 4 } as const;
      expect((await recordAfter({ replicas })).replicas).toEqual(replicas);
      expect((await recordAfter({ replicas: {} })).replicas).toEqual({});
    });

    test('replaces revisions whole, names with dots included', async () => {
      const revisions = { 'deployment/web.v3--g': '12', 'statefulset/db.v2': 'db.v2-7c9' } as const;
      expect((await recordAfter({ revisions })).revisions).toEqual(revisions);
      expect((await recordAfter({ revisions: {} })).revisions).toEqual({});
    });

    test('sets times that are given to the millisecond', async () => {
      const record = await recordAfter({ pinnedUntilMs: 1_900_000_000_001, expireAtMs: 1_900_000_000_999 });
      expect(record).toMatchObject({ pinnedUntilMs: 1_900_000_000_001, expireAtMs: 1_900_000_000_999 });
    });

    test('lets exactly one of two instances win that claim one version', async () => {
      const { version } = await createFound(store, BRANCH);
      const stores = [store, world().open(scope)];
      const claims = stores.flatMap((one) =>
        [1, 2, 3, 4, 5].map((contested) => one.update(BRANCH, version, { asleepSince: 'now', contested })),
      );
      const outcomes = (await Promise.all(claims)).map(({ outcome }) => outcome);
      expect(outcomes.filter((outcome) => outcome === 'written')).toHaveLength(1);
    });

    test("takes a version that readAll gave, and readRecord's is the same", async () => {
      await createFound(store, BRANCH);
      const { records } = await store.readAll();
      const version = String(records.get(BRANCH)?.version);
      expect((await readFound(store, BRANCH)).version).toBe(version);
      expect(await store.update(BRANCH, version, { contested: 1 })).toMatchObject({ outcome: 'written' });
    });
  });

  describe('readAll', () => {
    test('is empty and knows the time when there are no records', async () => {
      const { records, malformed, nowMs } = await store.readAll();
      expect([records.size, malformed]).toEqual([0, []]);
      expect(Math.abs(nowMs - Date.now())).toBeLessThan(5_000);
    });

    test('tells a time by the clock that stamps visits', async () => {
      await createFound(store, BRANCH);
      for (let visit = 0; visit < 10; visit++) {
        await store.stampVisit(BRANCH);
        const { records, nowMs } = await store.readAll();
        expect(nowMs).toBeGreaterThanOrEqual(Number(records.get(BRANCH)?.record.lastAccessMs));
      }
    });

    test('moves its time on between two reads', async () => {
      const before = await store.readAll();
      await delay(20);
      expect((await store.readAll()).nowMs).toBeGreaterThan(before.nowMs);
    });

    test('reads what readRecord reads', async () => {
      await put({ [BRANCH]: FULL_DOCUMENT, 'other--g': { v: 1, lastAccess: LONG_AGO, wakeMs: [] } });
      const { records } = await store.readAll();
      const { record, version } = await readFound(store, BRANCH);
      expect([...records.keys()].sort()).toEqual([BRANCH, 'other--g']);
      expect(records.get(BRANCH)).toEqual({ record, version });
    });

    test('names each record that cannot be read, and reads the others', async () => {
      const wrong: Readonly<Record<string, unknown>> = {
        v: 2,
        lastAccess: 5,
        asleepSince: 'now',
        lastBackground: 'just now',
        replicas: { 'deployment/web': 0 },
        revisions: { 'deployment/web': 3 },
        deletionAnnouncedAt: 0,
        offSince: false,
        contested: -1,
        pinnedUntil: [],
        wakeMs: 'slow',
        expireAt: 'never',
      };
      const bad = Object.entries(wrong).map(([field, value]) => [
        `bad-${field.toLowerCase()}--g`,
        { ...FULL_DOCUMENT, [field]: value },
      ]);
      await put({ ...Object.fromEntries(bad), [BRANCH]: FULL_DOCUMENT, 'empty--g': {} });
      const { records, malformed } = await store.readAll();
      expect([...records.keys()]).toEqual([BRANCH]);
      expect(malformed).toHaveLength(bad.length + 1);
      for (const field of Object.keys(wrong)) {
        const found = malformed.find(({ branch }) => branch === `bad-${field.toLowerCase()}--g`);
        expect(found?.problem).toMatch(new RegExp(`^${field} is .*: expected `));
      }
    });

    test('names a document whose id Dormouse does not give', async () => {
      await put({ 'a~2db': FULL_DOCUMENT, '~zz': FULL_DOCUMENT });
      const { records, malformed } = await store.readAll();
      expect(records.size).toBe(0);
      const ids = malformed.map(({ branch }) => branch).sort();
      expect(ids).toEqual([idIn(scope, 'a~2db'), idIn(scope, '~zz')]);
    });

    test('does not see records of others whose names begin alike', async () => {
      const { cluster, namespace } = scope;
      const others = [
        { cluster, namespace: `${namespace}-c` },
        { cluster, namespace: `${namespace}.c` },
        { cluster, namespace: namespace.slice(0, -1) },
        { cluster: `${cluster}.${namespace}`, namespace: 'c' },
        { cluster: `${cluster}-2`, namespace },
      ];
      for (const other of others) await world().open(other).createRecord('theirs--g');
      await store.createRecord('c.mine--g');
      expect([...(await store.readAll()).records.keys()]).toEqual(['c.mine--g']);
      for (const other of others) {
        expect([...(await world().open(other).readAll()).records.keys()]).toEqual(['theirs--g']);
      }
    });

    test('reads 1,200 records', async () => {
      const branches = Array.from({ length: 1_200 }, (_, index) => `branch-${index}--g`);
      await put(Object.fromEntries(branches.map((branch) => [branch, FULL_DOCUMENT])));
      const { records, malformed } = await store.readAll();
      expect([...records.keys()].sort()).toEqual(branches.sort());
      expect(malformed).toEqual([]);
      expect(records.get('branch-1199--g')?.record).toEqual(FULL_RECORD);
    });
  });

  describe('heartbeats', () => {
    test('are none when no proxy ever beat, and the time is known', async () => {
      const { heartbeats, nowMs } = await store.readHeartbeats();
      expect(heartbeats).toEqual([]);
      expect(Math.abs(nowMs - Date.now())).toBeLessThan(5_000);
    });

    test("are each proxy's last, by the store's clock, for any name", async () => {
      const proxies = ['proxy-1', 'staging.proxy_2', 'a/b', '..', 'ü', ''].sort();
      for (const proxy of [...proxies, ...proxies]) await store.stampHeartbeat(proxy, SILENCE_MS);
      const { heartbeats, nowMs } = await store.readHeartbeats();
      expect(heartbeats.map(({ proxy }) => proxy).sort()).toEqual(proxies);
      for (const { lastBeatMs } of heartbeats) {
        expect(lastBeatMs).toBeLessThanOrEqual(nowMs);
        expect(nowMs - lastBeatMs).toBeLessThan(5_000);
      }
    });

    test('move on with each beat', async () => {
      await store.stampHeartbeat('proxy-1', SILENCE_MS);
      const first = await store.readHeartbeats();
      await delay(5);
      await store.stampHeartbeat('proxy-1', SILENCE_MS);
      const second = await store.readHeartbeats();
      expect(second.heartbeats[0]?.lastBeatMs).toBeGreaterThan(Number(first.heartbeats[0]?.lastBeatMs));
    });

    test('say when a proxy was heard again after a silence, until the next silence', async () => {
      const quiet = { v: 1, lastBeat: new Date(Date.now() - 2 * SILENCE_MS) };
      await world().put('heartbeats', { [idIn(scope, 'quiet')]: quiet });
      await store.stampHeartbeat('quiet', SILENCE_MS);
      const [back] = (await store.readHeartbeats()).heartbeats;
      expect(back?.resumedMs).toBe(back?.lastBeatMs);
      await delay(5);
      await store.stampHeartbeat('quiet', SILENCE_MS);
      const [steady] = (await store.readHeartbeats()).heartbeats;
      expect(steady?.resumedMs).toBe(back?.resumedMs);
      expect(Number(steady?.lastBeatMs)).toBeGreaterThan(Number(steady?.resumedMs));
    });

    test('say when the store may delete them', async () => {
      await store.stampHeartbeat('proxy-1', SILENCE_MS);
      const document = await world().get('heartbeats', documentId(scope, 'proxy-1'));
      const { lastBeat, expireAt } = document as { lastBeat: Date; expireAt: Date };
      expect(document).toEqual({ v: 1, lastBeat: expect.any(Date), expireAt: expect.any(Date) });
      expect(Math.abs(expireAt.getTime() - lastBeat.getTime() - 7 * DAY_MS)).toBeLessThan(60_000);
    });

    test('are left out when they are older than a day or cannot be read', async () => {
      await world().put('heartbeats', {
        [idIn(scope, 'recent')]: { v: 1, lastBeat: new Date(Date.now() - DAY_MS + 60_000) },
        [idIn(scope, 'old')]: { v: 1, lastBeat: new Date(Date.now() - DAY_MS - 60_000) },
        [idIn(scope, 'wrong')]: { v: 1, lastBeat: 'today' },
        [idIn(scope, 'newer')]: { v: 2, lastBeat: new Date() },
      });
      const { heartbeats } = await store.readHeartbeats();
      expect(heartbeats.map(({ proxy }) => proxy)).toEqual(['recent']);
    });

    test('of another namespace are not seen, nor taken for records', async () => {
      await world().open(freshScope()).stampHeartbeat('theirs', SILENCE_MS);
      await store.stampHeartbeat('mine', SILENCE_MS);
      const { heartbeats } = await store.readHeartbeats();
      expect(heartbeats.map(({ proxy }) => proxy)).toEqual(['mine']);
      expect((await store.readAll()).records.size).toBe(0);
    });
  });

  describe('the place of a sweep', () => {
    const sweepId = () => `${scope.cluster}.${scope.namespace}`;

    test('is the start until one is written, then that, for every instance', async () => {
      expect(await store.readSweepPlace()).toEqual({});
      await store.writeSweepPlace({ resumeAfter: BRANCH });
      expect(await world().open(scope).readSweepPlace()).toEqual({ resumeAfter: BRANCH });
      await store.writeSweepPlace({ resumeAfter: 'other--g' });
      expect(await store.readSweepPlace()).toEqual({ resumeAfter: 'other--g' });
    });

    test('is the start again when a sweep got through', async () => {
      await store.writeSweepPlace({ resumeAfter: BRANCH });
      await store.writeSweepPlace({});
      expect(await store.readSweepPlace()).toEqual({});
      expect(await world().get('sweeps', sweepId())).toEqual({ v: 1 });
    });

    test('leaves fields of a later Dormouse', async () => {
      await world().put('sweeps', { [sweepId()]: { v: 1, resumeAfter: 'a--g', later: [1] } });
      await store.writeSweepPlace({ resumeAfter: BRANCH });
      expect(await world().get('sweeps', sweepId())).toEqual({ v: 1, resumeAfter: BRANCH, later: [1] });
    });

    test('is the start when the document cannot be understood', async () => {
      for (const wrong of [{}, { v: 2, resumeAfter: BRANCH }, { v: 1, resumeAfter: 5 }]) {
        await world().put('sweeps', { [sweepId()]: wrong });
        expect(await store.readSweepPlace()).toEqual({});
      }
      await store.writeSweepPlace({ resumeAfter: BRANCH });
      expect(await store.readSweepPlace()).toEqual({ resumeAfter: BRANCH });
    });

    test('of another namespace is not seen, nor taken for a record', async () => {
      await world().open(freshScope()).writeSweepPlace({ resumeAfter: BRANCH });
      await store.writeSweepPlace({ resumeAfter: 'mine--g' });
      expect(await store.readSweepPlace()).toEqual({ resumeAfter: 'mine--g' });
      expect((await store.readAll()).records.size).toBe(0);
    });
  });

  describe('a system that does not do what it is asked', () => {
    test('rejects with a StoreError, a write within 2 s and a read of all within 10 s', async () => {
      const down = await world().openDown(scope);
      const startMs = performance.now();
      const write = down.update(BRANCH, '2026-11-25T10:00:00.123456000Z', { contested: 1 });
      await expect(write).rejects.toThrow(StoreError);
      expect(performance.now() - startMs).toBeLessThan(3_000);
      const reads = await Promise.allSettled([
        down.readAll(),
        down.readHeartbeats(),
        down.readSweepPlace(),
        down.writeSweepPlace({ resumeAfter: BRANCH }),
      ]);
      expect(performance.now() - startMs).toBeLessThan(14_000);
      for (const read of reads) {
        expect(read).toMatchObject({ status: 'rejected', reason: expect.any(StoreError) });
        expect(read).toHaveProperty('reason.cause', expect.any(Error));
      }
    });
  });
}

function omit(field: keyof typeof FULL_RECORD) {
  return Object.fromEntries(Object.entries(FULL_RECORD).filter(([name]) => name !== field));
}
