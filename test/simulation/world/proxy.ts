import type { Visitor } from '../../../shared/core/decide-hold.ts';
import type { HoldOutcome } from '../../../shared/flows/hold.ts';
import type { Agenda } from './agenda.ts';
import type { Note } from './fact.ts';

/** A request that reached nginx. */
export type Asked = {
  readonly branch: string;
  readonly isNavigation: boolean;
  /** Asked by a page that is open, and by nobody. */
  readonly isBackground?: boolean;
  /** Which instance of `wake` is asked first. */
  readonly instance: string;
  /** When its client goes away. */
  readonly leavesAfterMs?: number;
};

/** What nginx hears of a hold: `again` of an instance that ends, `died` of one that is no more. */
export type HoldAnswer = HoldOutcome['answer'] | 'again' | 'died';

export type Hold = (
  instance: string,
  held: { readonly branch: string; readonly visitor: Visitor; readonly left: AbortSignal },
) => Promise<HoldAnswer>;

type Surroundings = {
  readonly hold: Hold;
  /** The application accepts a connection. */
  readonly isListening: (branch: string) => boolean;
  readonly agenda: Agenda;
  readonly nowMs: () => number;
  readonly note: Note;
};

type Progress = {
  readonly instance: string;
  readonly tries: number;
  readonly rounds: number;
  readonly failures: number;
};
type Served = { readonly end: 'served' | 'page' | 'down' | 'left' } | Progress;

/** nginx has ten internal redirects, and a try takes two. */
const TRIES_PER_ROUND = 5;
const INSTANCES = ['wake-1', 'wake-2'];

/** nginx, as far as requests of sleeping branches concern it: it tries, asks `/hold`, and tries again. */
export function createProxy(surroundings: Surroundings): (asked: Asked) => void {
  const { note, nowMs, agenda } = surroundings;
  let requests = 0;
  return (asked) => {
    requests += 1;
    const about = { by: 'nginx', request: requests, branch: asked.branch } as const;
    const client = new AbortController();
    if (asked.leavesAfterMs !== undefined) agenda.at(nowMs() + asked.leavesAfterMs, () => client.abort());
    note({ fact: 'request-began', ...about, isNavigation: asked.isNavigation });
    void serve(surroundings, asked, client.signal).then((end) =>
      note({ fact: 'request-ended', ...about, end }),
    );
  };
}

async function serve(surroundings: Surroundings, asked: Asked, left: AbortSignal) {
  const arrivedMs = surroundings.nowMs();
  let progress: Served = { instance: asked.instance, tries: 0, rounds: 0, failures: 0 };
  while (!('end' in progress)) {
    if (left.aborted) return 'left' as const;
    if (surroundings.isListening(asked.branch)) return 'served' as const;
    progress = await ask(surroundings, { asked, progress, arrivedMs, left });
  }
  return progress.end;
}

type Asking = {
  readonly asked: Asked;
  readonly progress: Progress;
  readonly arrivedMs: number;
  readonly left: AbortSignal;
};

async function ask(
  { hold, nowMs }: Surroundings,
  { asked, progress, arrivedMs, left }: Asking,
): Promise<Served> {
  const { branch, isNavigation, isBackground = false } = asked;
  const { instance, tries, rounds, failures } = progress;
  const visitor = { isNavigation, isBackground, tries, rounds, waitedMs: nowMs() - arrivedMs };
  const answer = await hold(instance, { branch, visitor, left });
  switch (answer) {
    case 'page':
      return { end: left.aborted ? 'left' : 'page' };
    case 'awake':
      return tries + 1 < TRIES_PER_ROUND
        ? { ...progress, tries: tries + 1 }
        : { ...progress, tries: 0, rounds: rounds + 1 };
    case 'again':
      return { ...progress, tries: 0, rounds: rounds + 1, instance: otherThan(instance) };
    case 'died':
      return failures > 0 ? { end: 'down' } : { ...progress, failures: 1, instance: otherThan(instance) };
    default:
      return answer satisfies never;
  }
}

function otherThan(instance: string): string {
  return INSTANCES.find((other) => other !== instance) ?? instance;
}
