import type {
  BranchRecord,
  Heartbeat,
  RecordChange,
  StoredRecord,
} from '../../../shared/core/branch-record.ts';
import type {
  MalformedRecord,
  ReadRecord,
  StoreSnapshot,
  SweepMemory,
  SweepPlace,
  UpdateOutcome,
} from '../../../shared/ports.ts';
import { applyChange } from '../../fixtures/apply-change.ts';
import { type Note, PEOPLE } from './fact.ts';

/** Who writes, and the server timestamp of the write: stamps do not order writes. */
export type Writer = { readonly by: string; readonly stampMs: number };
export type ConditionalChange = {
  readonly branch: string;
  readonly version: string;
  readonly change: RecordChange;
};

/** The truth of the store, each method one atomic effect. */
export type StoreState = {
  stampVisit(writer: Writer, branch: string): 'stamped' | 'missing';
  stampBackground(writer: Writer, branch: string): 'stamped' | 'missing';
  createRecord(writer: Writer, branch: string): 'created' | 'exists';
  readRecord(branch: string): ReadRecord;
  readAll(): StoreSnapshot;
  update(writer: Writer, condition: ConditionalChange): UpdateOutcome;
  stampHeartbeat(proxy: string): void;
  readHeartbeats(): { readonly heartbeats: readonly Heartbeat[]; readonly nowMs: number };
  readSweepPlace(): SweepMemory;
  writeSweepPlace(place: SweepPlace): void;
  stampBlindSweep(writer: Writer): void;
  records(): ReadonlyMap<string, BranchRecord>;
  /** A person pins a branch, as a command line would. */
  pin(branch: string, untilMs: number): void;
  /** A person breaks a record, or mends it again. */
  corrupt(branch: string, isCorrupt: boolean): void;
  /** The store deletes what is beyond its time, as it may do at any time after. */
  expire(): void;
  /** Somebody writes what the protocol does not look at: only the version moves. */
  rewrite(branch: string): void;
  /** From now on the proxy beats once a minute, or no more. */
  beat(proxy: string, isBeating: boolean): void;
};

type Surroundings = { readonly nowMs: () => number; readonly note: Note };
type Means = 'visit' | 'create' | 'update' | 'background';
const MINUTE = 60_000;
/** After so long without a beat, the next one says that beats came back. */
const SILENCE_MS = 3 * MINUTE;
const PROBLEM = 'wakeMs is "soon": expected a list of durations in ms';

export function createStoreState({ nowMs, note }: Surroundings): StoreState {
  const stored = new Map<string, StoredRecord>();
  const corrupt = new Set<string>();
  const beats = new Map<string, { lastBeatMs: number; isBeating: boolean; resumedMs?: number }>();
  let writes = 0;
  let place: SweepMemory = {};

  function write(writer: Writer, branch: string, written: { means: Means; after: BranchRecord }): string {
    writes += 1;
    const before = stored.get(branch)?.record;
    const version = `v${writes}`;
    stored.set(branch, { record: written.after, version });
    note({ fact: 'recorded', by: writer.by, branch, ...written, ...(before && { before }) });
    return version;
  }

  function edit(writer: Writer, condition: ConditionalChange): UpdateOutcome {
    const { branch, version, change } = condition;
    const found = stored.get(branch);
    if (found?.version !== version) return { outcome: 'conflict' };
    const after = applyChange(found.record, change, writer.stampMs);
    return { outcome: 'written', version: write(writer, branch, { means: 'update', after }) };
  }

  function rewrite(branch: string): void {
    const after = stored.get(branch)?.record;
    if (after !== undefined) write({ by: PEOPLE, stampMs: nowMs() }, branch, { means: 'update', after });
  }

  const readable = () => new Map([...stored].filter(([branch]) => !corrupt.has(branch)));

  function heartbeats(): readonly Heartbeat[] {
    return [...beats].map(([proxy, { lastBeatMs, isBeating, resumedMs }]) => ({
      proxy,
      ...(resumedMs === undefined ? {} : { resumedMs }),
      lastBeatMs: isBeating ? Math.max(lastBeatMs, Math.floor(nowMs() / MINUTE) * MINUTE) : lastBeatMs,
    }));
  }

  return {
    stampVisit(writer, branch) {
      const found = stored.get(branch);
      if (found === undefined) return 'missing';
      const { contested: _contest, expireAtMs: _expiry, ...rest } = found.record;
      write(writer, branch, { means: 'visit', after: { ...rest, lastAccessMs: writer.stampMs } });
      return 'stamped';
    },
    stampBackground(writer, branch) {
      const found = stored.get(branch);
      if (found === undefined) return 'missing';
      write(writer, branch, {
        means: 'background',
        after: { ...found.record, lastBackgroundMs: writer.stampMs },
      });
      return 'stamped';
    },
    createRecord(writer, branch) {
      if (stored.has(branch)) return 'exists';
      write(writer, branch, { means: 'create', after: { lastAccessMs: writer.stampMs, wakeMs: [] } });
      return 'created';
    },
    readRecord(branch) {
      const found = stored.get(branch);
      if (found === undefined) return { outcome: 'missing' };
      return corrupt.has(branch)
        ? { outcome: 'malformed', branch, problem: PROBLEM }
        : { outcome: 'found', ...found };
    },
    readAll() {
      const malformed: MalformedRecord[] = [...corrupt].map((branch) => ({ branch, problem: PROBLEM }));
      return { records: readable(), malformed, nowMs: nowMs() };
    },
    update: edit,
    stampHeartbeat(proxy) {
      beats.set(proxy, { lastBeatMs: nowMs(), isBeating: false });
    },
    readHeartbeats: () => ({ heartbeats: heartbeats(), nowMs: nowMs() }),
    readSweepPlace: () => place,
    writeSweepPlace(next) {
      const { lastBlindMs } = place;
      place = { ...next, ...(lastBlindMs === undefined ? {} : { lastBlindMs }) };
    },
    stampBlindSweep({ by, stampMs }) {
      place = { ...place, lastBlindMs: stampMs };
      note({ fact: 'blindness-stamped', by });
    },
    records: () => new Map([...readable()].map(([branch, { record }]) => [branch, record])),
    pin(branch, untilMs) {
      const found = stored.get(branch);
      const after = found && { ...found.record, pinnedUntilMs: untilMs };
      if (after !== undefined) write({ by: PEOPLE, stampMs: nowMs() }, branch, { means: 'update', after });
    },
    corrupt(branch, isCorrupt) {
      if (!stored.has(branch)) return;
      if (isCorrupt) corrupt.add(branch);
      else corrupt.delete(branch);
      rewrite(branch);
      note({ fact: 'corrupted', by: PEOPLE, branch, isCorrupt });
    },
    expire() {
      for (const [branch, { record: before }] of stored) {
        if ((before.expireAtMs ?? Number.POSITIVE_INFINITY) > nowMs()) continue;
        stored.delete(branch);
        corrupt.delete(branch);
        note({ fact: 'expired', by: PEOPLE, branch, before });
      }
    },
    rewrite,
    beat(proxy, isBeating) {
      const before = heartbeats().find((beat) => beat.proxy === proxy);
      const lastBeatMs = before?.lastBeatMs ?? nowMs();
      const isBack = isBeating && nowMs() - lastBeatMs > SILENCE_MS;
      const resumedMs = isBack ? nowMs() : before?.resumedMs;
      beats.set(proxy, { lastBeatMs, isBeating, ...(resumedMs === undefined ? {} : { resumedMs }) });
    },
  };
}
