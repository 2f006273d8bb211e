import type { Call } from './world/network.ts';
import type { World } from './world/world.ts';

/** One step that the world could take next. */
export type Move = {
  readonly label: string;
  /** It spends one of the faults that a story may have. */
  readonly isFault: boolean;
  readonly make: () => void;
};

/** Every step that could come next, without its faults when none is left to spend. */
export function movesOf(world: World, faultsLeft: number): readonly Move[] {
  const calls = world.network.open();
  const moves = calls.flatMap((call) => movesOfCall(world, call));
  if (faultsLeft === 0) return moves.filter(({ isFault }) => !isFault);
  const actors = new Set(calls.filter(({ isOver }) => !isOver).map(({ actor }) => actor));
  const crashes = [...actors].map((actor) => fault(`${actor} dies`, () => world.crash(actor)));
  return [...moves, ...crashes];
}

function movesOfCall({ network }: World, call: Call): readonly Move[] {
  const name = `${call.actor} ${call.method} ${call.subject}`.trimEnd();
  const arrive = step(`${name} arrives`, () => network.perform(call));
  if (call.isOver) return [arrive, step(`${name} vanishes`, () => network.discard(call))];
  if (call.effects > 0) {
    return [
      step(`${name} is answered`, () => network.answer(call)),
      fault(`${name}: the answer is lost`, () => network.fail(call, 'answer-lost')),
    ];
  }
  return [
    arrive,
    fault(`${name} is lost`, () => {
      network.fail(call, 'lost');
      network.discard(call);
    }),
    fault(`${name} is given up`, () => network.fail(call, 'late')),
    fault(`${name} arrives twice`, () => {
      network.perform(call);
      network.perform(call);
    }),
  ];
}

function step(label: string, make: () => void): Move {
  return { label, isFault: false, make };
}

function fault(label: string, make: () => void): Move {
  return { label, isFault: true, make };
}
