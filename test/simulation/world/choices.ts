/** Where everything that is left open is decided. Its first option is always the tame one. */
export type Choices = {
  /** A whole number from 0 to `count` - 1. */
  pick(count: number): number;
};

/** Takes the numbers one by one; when they are used up, everything is tame: a short list is a simple story. */
export function choicesFrom(numbers: readonly number[]): Choices {
  let used = 0;
  return {
    pick(count) {
      const number = numbers[used] ?? 0;
      used += 1;
      return number % count;
    },
  };
}
