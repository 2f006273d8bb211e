/** One figure of a measure: a ratio in one run, beside its goal. */
export type Figure = {
  /** `P1`, `P3b`, `P8/10000` */
  readonly id: string;
  /** What was compared with what, in one line. */
  readonly what: string;
  /** What is held against the goal: mostly ours ÷ theirs. */
  readonly ratio: number;
  readonly goal: number;
  readonly met: boolean;
  /** How often our side was measured. */
  readonly n: number;
  /** Of our side, in `unit`. */
  readonly median: number;
  /** Half of our side's measurements lie within this range around the median, in `unit`. */
  readonly spread: number;
  readonly unit: 'ms' | 'MiB' | 'requests/s' | 'touches/min' | 'requests' | 'USD';
  /** What else was seen on the way, by name with its unit: `helloMs`, `peakRssMib`. */
  readonly details?: Readonly<Record<string, number>>;
};

/** Something that `npm run bench` measures: a file of test/bench/measures/. */
export type Measure = {
  readonly id: string;
  readonly what: string;
  /** Starts what it needs, measures both sides in turn, ends what it started. */
  readonly measure: () => Promise<readonly Figure[]>;
};
