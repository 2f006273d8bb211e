/** What may be done now and then, however often it is asked for. */
export type Allowance = {
  /** Whether it may be done once more, which is then counted. */
  readonly take: () => boolean;
  /** It turned out not to count. */
  readonly giveBack: () => void;
};

export type AllowanceOptions = {
  /** How often in one go, after a time of quiet; at first, too. */
  readonly savedUp: number;
  readonly perMinute: number;
  /** The instance's own clock, ms. */
  readonly now: () => number;
};

const MINUTE_MS = 60_000;

/** Creates an allowance: in any minute at most `savedUp + perMinute` times. */
export function createAllowance({ savedUp, perMinute, now }: AllowanceOptions): Allowance {
  let left = savedUp;
  let filledMs = now();
  const add = (count: number) => {
    left = Math.min(savedUp, left + count);
  };
  return {
    take: () => {
      const nowMs = now();
      add((Math.max(0, nowMs - filledMs) / MINUTE_MS) * perMinute);
      filledMs = nowMs;
      if (left < 1) return false;
      left -= 1;
      return true;
    },
    giveBack: () => add(1),
  };
}
