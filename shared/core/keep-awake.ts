/** Hours of a week in which a branch does not sleep, by the wall clock of a time zone. */
export type KeepAwake = {
  /** Days on which the window opens, 0 = Sunday. */
  readonly days: ReadonlySet<number>;
  readonly opensMinute: number;
  /** Not after `opensMinute`: the window closes on the next day. */
  readonly closesMinute: number;
  readonly timeZone: string;
};

const DAY_NAMES = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const SYNTAX = /^(\S+) (\d{2}):(\d{2})-(\d{2}):(\d{2}) (\S+)$/;

/** Reads `Mon-Fri 09:00-19:00 Asia/Tokyo` or `Sat,Sun 22:00-02:00 UTC`; undefined for anything else. */
export function parseKeepAwake(text: string): KeepAwake | undefined {
  const match = SYNTAX.exec(text.trim());
  if (match === null) return undefined;
  const [, dayText = '', openHour, openMinute, closeHour, closeMinute, timeZone = ''] = match;
  const days = parseDays(dayText);
  const opensMinute = parseMinute(openHour, openMinute);
  const closesMinute = parseMinute(closeHour, closeMinute);
  if (days === undefined || opensMinute === undefined || closesMinute === undefined) return undefined;
  return isTimeZone(timeZone) ? { days, opensMinute, closesMinute, timeZone } : undefined;
}

/** Whether the window is open. The wall clock decides, so a daylight-saving change needs no rule of its own. */
export function isKeepAwakeOpen(window: KeepAwake, nowMs: number): boolean {
  const { day, minute } = wallClock(window.timeZone, nowMs);
  const { opensMinute, closesMinute, days } = window;
  if (opensMinute < closesMinute) return days.has(day) && minute >= opensMinute && minute < closesMinute;
  const opensToday = days.has(day) && minute >= opensMinute;
  const openSinceYesterday = days.has((day + 6) % 7) && minute < closesMinute;
  return opensToday || openSinceYesterday;
}

function parseDays(text: string): ReadonlySet<number> | undefined {
  const ranges = text.toLowerCase().split(',').map(parseDayRange);
  return ranges.includes(undefined) ? undefined : new Set(ranges.flatMap((days) => days ?? []));
}

function parseDayRange(text: string): number[] | undefined {
  const [first = '', last = first, ...rest] = text.split('-');
  const from = DAY_NAMES.indexOf(first);
  const to = DAY_NAMES.indexOf(last);
  if (from < 0 || to < 0 || rest.length > 0) return undefined;
  const length = ((to - from + 7) % 7) + 1;
  return Array.from({ length }, (_, step) => (from + step) % 7);
}

/** `24:00` is the end of a day. */
function parseMinute(hourText = '', minuteText = ''): number | undefined {
  const minute = Number(hourText) * 60 + Number(minuteText);
  return Number(minuteText) < 60 && minute <= 24 * 60 ? minute : undefined;
}

function isTimeZone(timeZone: string): boolean {
  try {
    return clockOf(timeZone) !== undefined;
  } catch {
    return false;
  }
}

function clockOf(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
}

function wallClock(timeZone: string, nowMs: number): { day: number; minute: number } {
  const parts = clockOf(timeZone).formatToParts(nowMs);
  const read = (type: string) => parts.find((part) => part.type === type)?.value ?? '';
  const day = DAY_NAMES.indexOf(read('weekday').toLowerCase());
  return { day, minute: Number(read('hour')) * 60 + Number(read('minute')) };
}
