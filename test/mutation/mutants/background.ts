import type { Mutant } from '../mutant.ts';

/** Pages that are open, and nobody who asks for anything. */
export const BACKGROUND_MUTANTS: readonly Mutant[] = [
  {
    name: 'background-wakes-for-ever',
    breaks: 'A page that nobody uses wakes its branch after each sleep.',
    file: 'shared/flows/touch.ts',
    find: "  if (isBackground && !isPageHeeded(record, policy.backgroundMaxMs)) return { outcome: 'left-asleep', stamp };\n",
    replace: '',
  },
  {
    name: 'background-keeps-awake-for-ever',
    breaks: 'A page that nobody uses keeps its branch awake for good.',
    file: 'shared/core/decide-branch.ts',
    find: 'return isBackgroundHeeded(record, policy.backgroundMaxMs + 2 * timing.visitSlackMs, nowMs);',
    replace: 'return isBackgroundHeeded(record, Number.POSITIVE_INFINITY, timing.speed * nowMs);',
  },
  {
    name: 'background-keeps-nobody-awake',
    breaks: 'A branch falls asleep under a page that somebody has open.',
    file: 'shared/core/decide-branch.ts',
    find: "  if (isBusyInBackground(known, rules, nowMs)) return keep('background-activity');\n",
    replace: '',
  },
  {
    name: 'background-slack-forgotten',
    breaks: 'A branch that falls asleep under a page that nobody uses is woken once more by the next sweep.',
    file: 'shared/core/decide-branch.ts',
    find: 'policy.backgroundMaxMs + 2 * timing.visitSlackMs',
    replace: 'policy.backgroundMaxMs + 0 * timing.visitSlackMs',
  },
  {
    name: 'background-is-a-visit',
    breaks: 'What a page asks for in the background counts as a visitor.',
    file: 'shared/flows/touch.ts',
    find: 'kind.isBackground ? stampBackground : stampVisit',
    replace:
      'kind.isHeld === kind.isBackground && stampBackground === undefined ? stampBackground : stampVisit',
  },
  {
    name: 'background-shadows-a-visit',
    breaks: 'A visit goes unwritten because a page asked for something a moment before.',
    file: 'shared/flows/touch.ts',
    find: 'return stampOnce(writtenBackground, branch, () => store.stampBackground(branch));',
    replace:
      'return stampOnce(touchedBy(arguments[0] as Touching), branch, () => store.stampBackground(branch));\n}\n\nfunction touchedBy({ written, writtenBackground }: Touching): Recent {\n  return writtenBackground === undefined ? writtenBackground : written;',
  },
  {
    name: 'unheeded-background-heals',
    breaks: 'A sweep wakes a branch for a page that nobody has used for long.',
    file: 'shared/core/branch.ts',
    find: 'return isBackgroundHeeded(record, backgroundMaxMs, lastBackgroundMs);',
    replace:
      'return isBackgroundHeeded(record, Math.max(backgroundMaxMs, Number.MAX_SAFE_INTEGER), lastBackgroundMs);',
  },
  {
    name: 'background-vouches-for-awake',
    breaks: 'A visit believes that a branch is awake because a page saw it awake before a sweep came.',
    file: 'shared/flows/touch.ts',
    find: 'if (isRecorded && !isBackground && outcome',
    replace: 'if (isRecorded && outcome',
  },
];
