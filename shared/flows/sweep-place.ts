import type { SweepMemory, SweepPlace, SweepPlaceStore } from '../ports.ts';
import { tryOrSay } from './try-or-say.ts';

/** `isKnown` is false where the place could not be read: then the sweep begins at the start. */
export type KnownPlace = SweepMemory & { readonly isKnown: boolean };

/** Fails open: an order that is not known costs time and nothing else. */
export async function readPlace(store: SweepPlaceStore): Promise<KnownPlace> {
  try {
    return { ...(await store.readSweepPlace()), isKnown: true };
  } catch {
    return { isKnown: false };
  }
}

/**
 * Writes where the next sweep goes on, if that is news. Never rejects: what is wrong comes back as a sentence, since
 * without a place the branches at the end of the order may wait for ever.
 */
export async function keepPlace(
  store: SweepPlaceStore,
  before: KnownPlace,
  after: SweepPlace,
): Promise<string | undefined> {
  // Whoever could not read a place, and got through, does not know of one that must go: it does no harm.
  const isNews = before.isKnown ? before.resumeAfter !== after.resumeAfter : after.resumeAfter !== undefined;
  if (!isNews) return undefined;
  return tryOrSay('the next sweep does not know where to go on', () => store.writeSweepPlace(after));
}
