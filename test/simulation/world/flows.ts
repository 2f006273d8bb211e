import { createSweep } from '../../../shared/flows/sweep.ts';
import { createTouch } from '../../../shared/flows/touch.ts';

/** The flows that a world runs: the real ones, unless somebody wants to see a broken one found. */
export type Flows = { readonly createTouch: typeof createTouch; readonly createSweep: typeof createSweep };

export const REAL_FLOWS: Flows = { createTouch, createSweep };
