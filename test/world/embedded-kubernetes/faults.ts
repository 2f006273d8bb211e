import { ApiError, forbidden } from './api-error.ts';
import type { Admission } from './registry.ts';
import type { ApiCall, Verb } from './route.ts';

/** Which calls go wrong: those of which all that is said here is true. */
export type FaultyCalls = {
  readonly verb?: Verb | readonly Verb[];
  /** `deployments`, `pods` */
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
};

/** What goes wrong: before the call takes effect, or after, when only the answer is lost. */
export type FaultEffect =
  | { readonly status: number; readonly message?: string; readonly retryAfterSeconds?: number }
  | { readonly delayMs: number; readonly when?: 'before' | 'after' }
  | { readonly cut: 'before' | 'after' };

export type Fault = FaultyCalls & {
  /** How many calls it meets; 1 unless said. */
  readonly times?: number;
  readonly effect: FaultEffect;
};

export type FaultHandle = {
  /** How many calls it has met. */
  readonly met: () => number;
  readonly remove: () => void;
};

/** Where the world misbehaves on purpose. The controllers meet none of it but refused creations. */
export type Faults = {
  readonly add: (fault: Fault) => FaultHandle;
  /** Ends all faults and refusals; watches that were silenced stay so. */
  readonly clear: () => void;
  /** Refuses creations with 403, as a quota or an admission policy does: `exceeded quota: …`. */
  readonly refuseCreation: (resource: string, why: string) => FaultHandle;
  /** Breaks every open watch. */
  readonly cutWatches: () => void;
  /** Leaves every open watch open and sends nothing over it any more. */
  readonly silenceWatches: () => void;
  /** Forgets all past changes: a watch from an earlier version gets 410. */
  readonly forgetHistory: () => void;
  /** Makes every `continue` that was given out too old: 410. */
  readonly expireLists: () => void;
};

type Armed = { readonly fault: Fault; met: number };

export type FaultPlan = {
  /** The effect that the call meets, which is counted. */
  readonly next: (call: ApiCall) => FaultEffect | undefined;
  readonly admit: Admission;
  readonly handles: Pick<Faults, 'add' | 'clear' | 'refuseCreation'>;
};

export function createFaultPlan(): FaultPlan {
  const armed = new Set<Armed>();
  const refusals = new Set<{ readonly resource: string; readonly why: string; met: number }>();
  return {
    next: (call) => {
      const met = [...armed].find(({ fault }) => matches(fault, call));
      if (met === undefined) return undefined;
      met.met += 1;
      if (met.met >= (met.fault.times ?? 1)) armed.delete(met);
      return met.fault.effect;
    },
    admit: (resource, object) => {
      const refusal = [...refusals].find((candidate) => candidate.resource === resource.plural);
      if (refusal === undefined) return;
      refusal.met += 1;
      throw forbidden(resource, object.metadata.name, refusal.why);
    },
    handles: {
      add: (fault) => arm(armed, { fault, met: 0 }),
      refuseCreation: (resource, why) => arm(refusals, { resource, why, met: 0 }),
      clear: () => {
        armed.clear();
        refusals.clear();
      },
    },
  };
}

function arm<Item extends { met: number }>(items: Set<Item>, item: Item): FaultHandle {
  items.add(item);
  return { met: () => item.met, remove: () => void items.delete(item) };
}

function matches(fault: FaultyCalls, call: ApiCall): boolean {
  const verbs = fault.verb === undefined ? [call.verb] : [fault.verb].flat();
  const fields = [
    [fault.resource, call.resource.plural],
    [fault.subresource, call.subresource ?? ''],
    [fault.namespace, call.namespace],
    [fault.name, call.name],
  ];
  return verbs.includes(call.verb) && fields.every(([asked, is]) => asked === undefined || asked === is);
}

const REASONS: Readonly<Record<number, string | undefined>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** The refusal that a fault asks for. */
export function faultError({ status, message, retryAfterSeconds }: Extract<FaultEffect, { status: number }>) {
  const reason = REASONS[status];
  return new ApiError({
    code: status,
    message: message ?? `fault injected: ${reason ?? status}`,
    ...(reason === undefined ? {} : { reason }),
    ...(retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } }),
  });
}
