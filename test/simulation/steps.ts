import type { Sweep } from './world/actors.ts';
import { type Call, type Circumstances, drain } from './world/network.ts';
import type { World } from './world/world.ts';

/** Calls of an actor that are under way: all of one method, or only the one about this subject. */
export type Which = readonly [actor: string, method: string, subject?: string];

/** Moves a world by hand, one actor at a time: everybody else stands still. */
export type Steps = {
  /** Lets the actor go on until it has sent the call and the call has not arrived. */
  until(...which: Which): Promise<void>;
  /** The calls take effect; their answers are under way. */
  arrive(...which: Which): Promise<void>;
  arriveUnder(circumstances: Circumstances, ...which: Which): Promise<void>;
  /** The answers of what took effect come back. */
  answer(...which: Which): Promise<void>;
  /** The calls never arrive. */
  lose(...which: Which): Promise<void>;
  /** The calls take effect and their answers are lost. */
  loseAnswer(...which: Which): Promise<void>;
  /** The callers give up; the calls are still on their way. */
  giveUp(...which: Which): Promise<void>;
  /** What was given up, or whose caller is no more, takes effect. */
  arriveLate(...which: Which): Promise<void>;
  /** The actor goes on to its end without a fault. */
  finish(actor: string): Promise<void>;
  /** A whole sweep without a fault. */
  sweep(): Promise<Sweep>;
  pass(ms: number): void;
};

export function createSteps(world: World): Steps {
  const { network } = world;
  const open = ([actor, method, subject]: Which) =>
    network
      .open()
      .filter((call) => call.actor === actor && call.method === method)
      .filter((call) => subject === undefined || call.subject === subject);
  const underWay = (which: Which) => open(which).filter(({ isOver }) => !isOver);
  const unarrived = (which: Which) => underWay(which).filter(({ effects }) => effects === 0);
  const pending = (actor: string) => network.open().filter((call) => call.actor === actor && !call.isOver);

  async function each(calls: readonly Call[], act: (call: Call) => void): Promise<void> {
    if (calls.length === 0) throw new Error('the story is wrong: no such call is under way');
    calls.forEach(act);
    await drain();
  }

  async function complete(calls: readonly Call[]): Promise<void> {
    for (const call of calls) {
      if (call.effects === 0) network.perform(call);
      network.answer(call);
    }
    await drain();
  }

  const steps: Steps = {
    async until(...which) {
      await drain();
      while (underWay(which).length === 0) {
        const calls = pending(which[0]);
        if (calls.length === 0) throw new Error(`the story is wrong: ${which[0]} ends without ${which[1]}`);
        await complete(calls);
      }
    },
    arrive: (...which) => each(unarrived(which), (call) => network.perform(call)),
    arriveUnder: (circumstances, ...which) =>
      each(unarrived(which), (call) => network.perform(call, circumstances)),
    answer: (...which) => each(underWay(which), (call) => network.answer(call)),
    lose: (...which) =>
      each(unarrived(which), (call) => {
        network.fail(call, 'lost');
        network.discard(call);
      }),
    loseAnswer: (...which) =>
      each(underWay(which), (call) => {
        if (call.effects === 0) network.perform(call);
        network.fail(call, 'answer-lost');
      }),
    giveUp: (...which) => each(underWay(which), (call) => network.fail(call, 'late')),
    arriveLate: (...which) =>
      each(
        open(which).filter(({ isOver }) => isOver),
        (call) => network.perform(call),
      ),
    async finish(actor) {
      await drain();
      for (let calls = pending(actor); calls.length > 0; calls = pending(actor)) await complete(calls);
    },
    async sweep() {
      const sweep = world.sweep();
      await steps.finish(sweep.name);
      return sweep;
    },
    pass(ms) {
      world.clock.nowMs += ms;
    },
  };
  return steps;
}
