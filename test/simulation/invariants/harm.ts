import type { Fact, FactOf } from '../world/fact.ts';

/** What nobody may do who is in doubt: put to sleep, delete. */
export function isHarm(fact: Fact): fact is FactOf<'scaled'> | FactOf<'changed'> | FactOf<'service-removed'> {
  if (fact.fact === 'service-removed') return true;
  if (fact.fact === 'changed') return fact.after === undefined;
  return fact.fact === 'scaled' && fact.after.replicas === 0;
}
