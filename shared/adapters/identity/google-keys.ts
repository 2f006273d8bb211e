import { OAuth2Client } from 'google-auth-library';
import { withinTime } from '../rest/within-time.ts';
import type { FetchedKeys } from './signing-keys.ts';

export type GoogleKeysOptions = {
  /** Where the certificates are. Default: Google's. */
  readonly url?: string;
  /** For all tries. Default 3 s: somebody may be waiting. */
  readonly timeoutMs?: number;
};

const DEFAULT_TIMEOUT_MS = 3_000;
/** Google says 5 to 7 hours. What says nothing is asked again soon. */
const DEFAULT_MAX_AGE_MS = 300_000;
const SECOND_MS = 1_000;

/**
 * Fetches the keys that Google signs ID tokens with.
 * @throws Error when they do not come in time
 */
export async function fetchGoogleKeys(options: GoogleKeysOptions = {}): Promise<FetchedKeys> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  // A client of its own each time: it would answer from its memory until they expire.
  const client = new OAuth2Client({
    transporterOptions: { timeout: timeoutMs },
    ...(options.url === undefined ? {} : { endpoints: { oauth2FederatedSignonPemCertsUrl: options.url } }),
  });
  const fetching = client.getFederatedSignonCertsAsync();
  fetching.catch(() => undefined); // it may fail after we have given up
  const { certs, res } = await withinTime(fetching, timeoutMs, `no keys within ${timeoutMs} ms`);
  const keys = Object.entries(certs).filter((entry): entry is [string, string] => isPem(entry[1]));
  if (keys.length === 0) throw new Error('the answer holds no keys');
  return { keys: Object.fromEntries(keys), maxAgeMs: maxAgeMs(res?.headers.get('cache-control')) };
}

function isPem(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('-----BEGIN ');
}

function maxAgeMs(cacheControl: string | null | undefined): number {
  const [, seconds] = /\bmax-age=(\d{1,9})/.exec(cacheControl ?? '') ?? [];
  return seconds === undefined ? DEFAULT_MAX_AGE_MS : Number(seconds) * SECOND_MS;
}
