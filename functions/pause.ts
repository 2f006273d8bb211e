import { setTimeout as delay } from 'node:timers/promises';
import type { Pause } from '../shared/flows/pause.ts';

/** By the clock of this process. */
export const pause: Pause = (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined);
