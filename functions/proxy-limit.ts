import { createAllowance } from '../shared/flows/allowance.ts';
import { createRecent } from '../shared/flows/recent.ts';

/** A rollout of nginx, and a new pod now and then. */
const NEW_PROXIES_SAVED_UP = 100;
const NEW_PROXIES_PER_MINUTE = 1;
/** A proxy beats once a minute. */
const KNOWN_FOR_MS = 30 * 60_000;

/**
 * Creates the answer to whether the heartbeat of a proxy is accepted: each new name is a document of the store, and
 * whoever may call can make up names. 100 new ones in one go, and then one a minute, for each instance.
 *
 * @param now ms of a clock that never goes back
 */
export function createProxyLimit(now: () => number = () => performance.now()): (proxy: string) => boolean {
  const known = createRecent({ forMs: KNOWN_FOR_MS, now });
  const allowance = createAllowance({
    savedUp: NEW_PROXIES_SAVED_UP,
    perMinute: NEW_PROXIES_PER_MINUTE,
    now,
  });
  return (proxy) => {
    if (!known.has(proxy) && !allowance.take()) return false;
    known.add(proxy);
    return true;
  };
}
