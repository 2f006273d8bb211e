import type { Pause } from '../../../shared/flows/pause.ts';

type Due = { readonly dueMs: number; readonly run: () => void };

/** What is to happen at a time of the world's clock. Nothing does by itself: somebody takes what is due. */
export type Agenda = {
  /** Enters something; the returned function strikes it out. */
  at(dueMs: number, run: () => void): () => void;
  /** Takes the first thing that is due until then, in the order of time, and of asking within one ms. */
  take(untilMs: number): Due | undefined;
};

export function createAgenda(): Agenda {
  const queue: Due[] = [];
  return {
    at(dueMs, run) {
      const due = { dueMs, run };
      queue.splice(queue.findLastIndex((other) => other.dueMs <= dueMs) + 1, 0, due);
      return () => {
        const index = queue.indexOf(due);
        if (index >= 0) queue.splice(index, 1);
      };
    },
    take(untilMs) {
      const [first] = queue;
      return first !== undefined && first.dueMs <= untilMs ? queue.shift() : undefined;
    },
  };
}

/** Whether an instance of a function still runs. */
export type Life = { isOver: boolean };

type Surroundings = { readonly agenda: Agenda; readonly nowMs: () => number; readonly life: Life };

/** Lets an instance wait by the world's clock. A pause of one that died never ends. */
export function createPause({ agenda, nowMs, life }: Surroundings): Pause {
  return (ms, signal) =>
    new Promise((resolve) => {
      const end = () => {
        signal.removeEventListener('abort', end);
        strike();
        if (!life.isOver) resolve();
      };
      const strike = agenda.at(nowMs() + ms, end);
      if (signal.aborted) end();
      else signal.addEventListener('abort', end);
    });
}
