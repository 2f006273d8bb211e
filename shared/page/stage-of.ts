import type { WakingProgress } from './progress.ts';

/** The steps that a page lists, in their order. */
export const STAGES = ['place', 'image', 'start', 'check', 'open'] as const;
export type Stage = (typeof STAGES)[number];

const STAGE_OF: Readonly<Record<WakingProgress['step'], Stage>> = {
  unknown: 'place',
  pod: 'place',
  node: 'place',
  image: 'image',
  init: 'start',
  start: 'start',
  readiness: 'check',
  endpoints: 'open',
};

/** Which of the listed steps a branch is at. */
export function stageOf(step: WakingProgress['step']): Stage {
  return STAGE_OF[step];
}
