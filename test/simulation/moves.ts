import type { Call } from './world/network.ts';
import type { World } from './world/world.ts';

/** One step that a world could take next, and every other world in which the same happened before. */
export type Move = {
  readonly label: string;
  /** It spends one of the faults that a story may have. */
  readonly isFault: boolean;
  readonly make: (world: World) => void;
};

/** Every step that could come next, without its faults when none is left to spend. */
export function movesOf(world: World, faultsLeft: number): readonly Move[] {
  const calls = world.network.open();
  const moves = calls.flatMap(movesOfCall);
  if (faultsLeft === 0) return moves.filter(({ isFault }) => !isFault);
  const actors = new Set(calls.filter(({ isOver }) => !isOver).map(({ actor }) => actor));
  const crashes = [...actors].map((actor) => fault(`${actor} dies`, ({ crash }) => crash(actor)));
  return [...moves, ...crashes];
}

function movesOfCall(call: Call): readonly Move[] {
  const name = `${call.actor} ${call.method} ${call.subject}`.trimEnd();
  const arrive = step(`${name} arrives`, ({ network }) => network.perform(call));
  if (call.isOver) return [arrive, step(`${name} vanishes`, ({ network }) => network.discard(call))];
  if (call.effects > 0) {
    return [
      step(`${name} is answered`, ({ network }) => network.answer(call)),
      fault(`${name}: the answer is lost`, ({ network }) => network.fail(call, 'answer-lost')),
    ];
  }
  return [
    arrive,
    fault(`${name} is lost`, ({ network }) => {
      network.fail(call, 'lost');
      network.discard(call);
    }),
    fault(`${name} is given up`, ({ network }) => network.fail(call, 'late')),
    fault(`${name} arrives twice`, ({ network }) => {
      network.perform(call);
      network.perform(call);
    }),
  ];
}

function step(label: string, make: Move['make']): Move {
  return { label, isFault: false, make };
}

function fault(label: string, make: Move['make']): Move {
  return { label, isFault: true, make };
}
