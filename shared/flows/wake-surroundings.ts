import type { WakeSurroundings } from '../core/branch.ts';
import type { VisitCluster } from '../ports.ts';
import type { Pause } from './pause.ts';

/** Namespaces and HPAs change rarely, and a visitor waits: what is read serves for a minute. */
const TRUSTED_MS = 60_000;
/** However slow Kubernetes is: a wake waits no longer for what only refines it. */
const PATIENCE_MS = 2_000;

const NOTHING: WakeSurroundings = { inherited: {}, bounds: new Map() };

export type SurroundingsDependencies = {
  readonly cluster: Pick<VisitCluster, 'readInherited' | 'listBounds'>;
  /** The instance's own clock, epoch ms. */
  readonly now: () => number;
  readonly pause: Pause;
};

/**
 * Creates the reader of what a wake must know besides the branch. Waking fails open: what cannot be read in time is
 * taken from the last reading, else for nothing.
 */
export function createWakeSurroundings(
  dependencies: SurroundingsDependencies,
): () => Promise<WakeSurroundings> {
  let known: { readonly value: WakeSurroundings; readonly readMs: number } | undefined;
  let flight: Promise<void> | undefined;
  const refresh = async () => {
    const value = await readOpenly(dependencies.cluster, known?.value ?? NOTHING);
    known = { value, readMs: dependencies.now() };
  };
  return async () => {
    if (known !== undefined && dependencies.now() - known.readMs < TRUSTED_MS) return known.value;
    flight ??= refresh().finally(() => {
      flight = undefined;
    });
    await withPatience(dependencies, flight);
    return known?.value ?? NOTHING;
  };
}

async function withPatience({ pause }: SurroundingsDependencies, flight: Promise<void>): Promise<void> {
  const done = new AbortController();
  await Promise.race([flight.finally(() => done.abort()), pause(PATIENCE_MS, done.signal)]);
}

/** Each by itself: an HPA that cannot be read must not hide that the namespace opted out. */
async function readOpenly(
  cluster: SurroundingsDependencies['cluster'],
  last: WakeSurroundings,
): Promise<WakeSurroundings> {
  const [inherited, bounds] = await Promise.all([
    cluster.readInherited().catch(() => last.inherited),
    cluster.listBounds().catch(() => last.bounds),
  ]);
  return { inherited, bounds };
}
