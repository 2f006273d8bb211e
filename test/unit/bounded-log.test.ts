import { expect, test } from 'vitest';
import { createBoundedLog } from '../../functions/bounded-log.ts';
import type { LogEntry } from '../../shared/log.ts';

const MINUTE_MS = 60_000;
const ENTRY = { severity: 'INFO', message: 'a stranger' } as const;

function logging() {
  const clock = { nowMs: 0 };
  const entries: LogEntry[] = [];
  const log = createBoundedLog(
    (entry) => void entries.push(entry),
    () => clock.nowMs,
  );
  const logMany = (count: number) => {
    for (let n = 0; n < count; n += 1) log(ENTRY);
  };
  return { clock, entries, logMany };
}

test('a bounded log has 60 entries at once, and then one a second', () => {
  const { clock, entries, logMany } = logging();
  logMany(1_000);
  expect(entries).toHaveLength(60);
  clock.nowMs += 999;
  logMany(1);
  expect(entries).toHaveLength(60);
  clock.nowMs += 1;
  logMany(1);
  expect(entries).toHaveLength(61);
});

test('a bounded log says how many were left out, once', () => {
  const { clock, entries, logMany } = logging();
  logMany(100);
  clock.nowMs += MINUTE_MS;
  logMany(2);
  expect(entries.slice(-3)).toEqual([ENTRY, { ...ENTRY, leftOut: 40 }, ENTRY]);
});
