/** Hours of a week in which a branch does not sleep, by the wall clock of a time zone. */
export type KeepAwakeWindow = {
  /** Days on which the window opens, 0 = Sunday. */
  readonly days: ReadonlySet<number>;
  readonly opensMinute: number;
  /** Not after `opensMinute`: the window closes on the next day. */
  readonly closesMinute: number;
  readonly timeZone: string;
};

/** One window or more. */
export type KeepAwake = readonly KeepAwakeWindow[];

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
const DAY_NAMES = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const SYNTAX = /^(\S+) +(\d{2}):(\d{2})-(\d{2}):(\d{2}) +(\S+)$/;
const MAX_WINDOWS = 10;

/** Reads `Mon-Fri 09:00-19:00 Asia/Tokyo` or `Sat,Sun 22:00-02:00 UTC; Mon 08:00-09:00 UTC`; undefined for anything else. */
export function parseKeepAwake(text: string): KeepAwake | undefined {
  const windows = text.split(';').map((part) => parseWindow(part.trim()));
  if (windows.length > MAX_WINDOWS) return undefined;
  const read = windows.filter((window) => window !== undefined);
  return read.length === windows.length ? read : undefined;
}

/** Whether a window is open. The wall clock decides, so a daylight-saving change needs no rule of its own. */
export function isKeepAwakeOpen(windows: KeepAwake, nowMs: number): boolean {
  return windows.some((window) => isWindowOpen(window, nowMs));
}

/** Whether a window is open now or opens within `leadMs`. */
export function isKeepAwakeNear(windows: KeepAwake, leadMs: number, nowMs: number): boolean {
  return windows.some((window) => isWindowOpen(window, nowMs) || opensWithin(window, leadMs, nowMs));
}

/**
 * Whether a window is open, or opens within `leadMs`, that was not open yet at `sinceMs`: whoever fell asleep
 * before it should be woken for it.
 */
export function isKeepAwakeDue(windows: KeepAwake, sinceMs: number, moment: Moment): boolean {
  const { leadMs, nowMs } = moment;
  return windows.some((window) => {
    if (!isWindowOpen(window, nowMs)) return opensWithin(window, leadMs, nowMs);
    const isSameOpening = isWindowOpen(window, sinceMs) && nowMs - sinceMs < lengthMs(window);
    return !isSameOpening;
  });
}

/** `leadMs`: what happens within it is due now. */
export type Moment = { readonly leadMs: number; readonly nowMs: number };

function isWindowOpen(
  { days, opensMinute, closesMinute, timeZone }: KeepAwakeWindow,
  nowMs: number,
): boolean {
  const { day, minute } = wallClock(timeZone, nowMs);
  if (opensMinute < closesMinute) return days.has(day) && minute >= opensMinute && minute < closesMinute;
  const opensToday = days.has(day) && minute >= opensMinute;
  const openSinceYesterday = days.has((day + 6) % 7) && minute < closesMinute;
  return opensToday || openSinceYesterday;
}

/** Looked at minute by minute, because a wall clock may jump meanwhile. */
function opensWithin(window: KeepAwakeWindow, leadMs: number, nowMs: number): boolean {
  const startOfMinuteMs = nowMs - (nowMs % MINUTE_MS);
  for (let atMs = startOfMinuteMs + MINUTE_MS; atMs <= nowMs + leadMs; atMs += MINUTE_MS) {
    if (isWindowOpen(window, atMs)) return true;
  }
  return isWindowOpen(window, nowMs + leadMs);
}

function lengthMs({ opensMinute, closesMinute }: KeepAwakeWindow): number {
  const minutes = closesMinute - opensMinute;
  return (minutes > 0 ? minutes : minutes + DAY_MINUTES) * MINUTE_MS;
}

function parseWindow(text: string): KeepAwakeWindow | undefined {
  const match = SYNTAX.exec(text);
  if (match === null) return undefined;
  const [, dayText = '', openHour, openMinute, closeHour, closeMinute, timeZone = ''] = match;
  const days = parseDays(dayText);
  const opensMinute = parseMinute(openHour, openMinute);
  const closesMinute = parseMinute(closeHour, closeMinute);
  if (days === undefined || opensMinute === undefined || closesMinute === undefined) return undefined;
  return isTimeZone(timeZone) ? { days, opensMinute, closesMinute, timeZone } : undefined;
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
  return Number(minuteText) < 60 && minute <= DAY_MINUTES ? minute : undefined;
}

function isTimeZone(timeZone: string): boolean {
  try {
    return clockOf(timeZone) !== undefined;
  } catch {
    return false;
  }
}

/** Making one costs more than using it; a namespace has few zones. */
const clocks = new Map<string, Intl.DateTimeFormat>();
const MAX_CLOCKS = 100;

function clockOf(timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone);
  if (known !== undefined) return known;
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  if (clocks.size < MAX_CLOCKS) clocks.set(timeZone, clock);
  return clock;
}

function wallClock(timeZone: string, nowMs: number): { day: number; minute: number } {
  const parts = clockOf(timeZone).formatToParts(nowMs);
  const read = (type: string) => parts.find((part) => part.type === type)?.value ?? '';
  const day = DAY_NAMES.indexOf(read('weekday').toLowerCase());
  return { day, minute: Number(read('hour')) * 60 + Number(read('minute')) };
}
