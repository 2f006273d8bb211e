import { createAllowance } from '../shared/flows/allowance.ts';
import type { Log } from '../shared/log.ts';

const LINES_SAVED_UP = 60;
const LINES_PER_MINUTE = 60;

/**
 * Creates a log for what strangers can cause as often as they like, such as asking for hosts that they made up: 60
 * entries in one go, and then 60 a minute. What is left out is counted in the next entry, as `leftOut`.
 *
 * @param now ms of a clock that never goes back
 */
export function createBoundedLog(log: Log, now: () => number = () => performance.now()): Log {
  const allowance = createAllowance({ savedUp: LINES_SAVED_UP, perMinute: LINES_PER_MINUTE, now });
  let leftOut = 0;
  return (entry, trace) => {
    if (!allowance.take()) {
      leftOut += 1;
      return;
    }
    log(leftOut === 0 ? entry : { ...entry, leftOut }, trace);
    leftOut = 0;
  };
}
