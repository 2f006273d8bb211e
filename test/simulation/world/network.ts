import { ClusterError, StoreError } from '../../../shared/ports.ts';
import type { Note } from './fact.ts';

export type System = 'cluster' | 'store';

/** What a call meets where it takes effect. */
export type Circumstances = {
  /** A list shows the cluster as it was then. */
  readonly listedAtMs?: number;
  /** The server stamps the write with this time instead of its own. */
  readonly stampedAtMs?: number;
};

export type Request<Answer> = {
  readonly actor: string;
  readonly system: System;
  readonly method: string;
  /** The branch, workload or proxy that it is about; '' if about all. */
  readonly subject: string;
  readonly perform: (circumstances: Circumstances) => Answer;
};

/** A port call under way. It takes effect and it ends for its caller: two steps, in either order, or only one. */
export type Call = Readonly<Omit<Request<unknown>, 'perform'>> & {
  /** Its number among its actor's calls. */
  readonly turn: number;
  readonly sentMs: number;
  /** How many times it has taken effect. */
  readonly effects: number;
  readonly answer: unknown;
  /** Its caller has an answer or an error, or is no more. */
  readonly isOver: boolean;
};

type Underway = { -readonly [Key in keyof Call]: Call[Key] } & {
  readonly perform: (circumstances: Circumstances) => unknown;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
};

/** Holds every call until somebody says what becomes of it: nothing moves by itself. */
export type Network = {
  send<Answer>(request: Request<Answer>): Promise<Answer>;
  /** Calls that may still take effect or end, oldest first. */
  open(): readonly Call[];
  /** It takes effect, or does so once more. */
  perform(call: Call, circumstances?: Circumstances): void;
  /** Gives the caller the answer of the last effect. */
  answer(call: Call): void;
  /** The call fails for its caller, whether it takes effect or not. */
  fail(call: Call, fault: string): void;
  /** It failed, and will never take effect. */
  discard(call: Call): void;
  /** The actor is no more: nothing reaches it, but what it sent is on its way. */
  abandon(actor: string): void;
  /** Told of each call as it is sent. */
  onSent: (call: Call) => void;
};

type Surroundings = { readonly nowMs: () => number; readonly note: Note };

export function createNetwork({ nowMs, note }: Surroundings): Network {
  const sent = new Map<string, Underway[]>();
  const open = new Set<Underway>();
  const find = ({ actor, turn }: Call) => sent.get(actor)?.[turn];
  const close = (call: Underway) => {
    if (call.isOver && call.effects > 0) open.delete(call);
  };
  const befall = ({ actor, system, method, subject }: Underway, fault: string) =>
    note({ fact: 'fault', by: actor, system, method, subject, fault });

  const network: Network = {
    onSent: () => {},
    send<Answer>(request: Request<Answer>): Promise<Answer> {
      return new Promise<Answer>((resolve, reject) => {
        const own = sent.get(request.actor) ?? [];
        const state = { turn: own.length, sentMs: nowMs(), effects: 0, answer: undefined, isOver: false };
        const call = { ...request, ...state, resolve: resolve as Underway['resolve'], reject };
        own.push(call);
        sent.set(call.actor, own);
        open.add(call);
        network.onSent(call);
      });
    },
    open: () => [...open],
    perform(call, circumstances = {}) {
      const underway = find(call);
      if (underway === undefined) return;
      if (circumstances.listedAtMs !== undefined) befall(underway, 'stale');
      underway.answer = underway.perform(circumstances);
      underway.effects += 1;
      close(underway);
    },
    answer(call) {
      const underway = find(call);
      if (underway === undefined || underway.isOver || underway.effects === 0) return;
      underway.isOver = true;
      underway.resolve(underway.answer);
      close(underway);
    },
    fail(call, fault) {
      const underway = find(call);
      if (underway === undefined || underway.isOver) return;
      const { system, method, subject } = underway;
      underway.isOver = true;
      befall(underway, fault);
      underway.reject(failure(system, `${method} ${subject}: ${fault}`));
      close(underway);
    },
    discard(call) {
      const underway = find(call);
      if (underway?.isOver) open.delete(underway);
    },
    abandon(actor) {
      for (const call of open) {
        if (call.actor !== actor) continue;
        call.isOver = true;
        close(call);
      }
    },
  };
  return network;
}

function failure(system: System, message: string): Error {
  return system === 'cluster' ? new ClusterError(message) : new StoreError(message);
}

const DRAINS_PER_BREATH = 1_000;
let drains = 0;

/**
 * Lets every continuation run that can run: afterwards all actors wait for the network. Node runs a tick when no
 * promise job is left; now and then it must come to its event loop, too, or the test runner would starve.
 */
export function drain(): Promise<void> {
  drains += 1;
  const isBreath = drains % DRAINS_PER_BREATH === 0;
  return new Promise((resolve) => (isBreath ? setImmediate(resolve) : process.nextTick(resolve)));
}
