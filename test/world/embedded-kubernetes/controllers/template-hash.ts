import { createHash } from 'node:crypto';
import { isJsonObject } from '../json-value.ts';

/** As a name's random part: no vowels, nothing that looks alike. */
const CHARACTERS = 'bcdfghjklmnpqrstvwxz2456789';
const LENGTH = 10;

/** Names a template: the same for equal ones, in whatever order their fields are. */
export function templateHash(template: unknown): string {
  const digest = createHash('sha256')
    .update(JSON.stringify(sorted(template)))
    .digest();
  const characters = [...digest.subarray(0, LENGTH)].map((byte) => CHARACTERS[byte % CHARACTERS.length]);
  return characters.join('');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(entries.toSorted(byName).map(([name, field]) => [name, sorted(field)]));
}

function byName([left]: [string, unknown], [right]: [string, unknown]): number {
  return left < right ? -1 : 1;
}
