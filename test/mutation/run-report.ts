/** What a run of tests came to, as the process that ran them tells it. */
export type RunReport = {
  /** How many tests had an outcome. */
  readonly tests: number;
  /** The tests that failed, in order. */
  readonly failures: readonly FailedTest[];
  /** What went wrong outside of any test: files that do not load, errors that nobody handled. */
  readonly mishaps: readonly string[];
};

export type FailedTest = { readonly file: string; readonly test: string; readonly message: string };
