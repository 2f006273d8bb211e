import { isBranchName } from '../../../shared/core/branch-host.ts';
import type { ObservedCall } from '../../world/embedded-kubernetes/serve-request.ts';

/** Calls to Kubernetes about names that are no branch. */
export type StrangerCalls = {
  /** Whether a branch-shaped name is that of a Service: what a made-up host may cost. */
  readonly lookUps: number;
  /** All others. */
  readonly others: readonly string[];
};

const KNOWN = /^(?:awake|waiting)/;

/** Counts what an embedded Kubernetes observes. */
export function createCallCount() {
  let lookUps = 0;
  let others: string[] = [];
  return {
    observe: (call: ObservedCall): void => {
      const name = subjectOf(call);
      if (name === undefined || KNOWN.test(name)) return;
      const { plural } = call.resource;
      if (call.verb === 'get' && plural === 'services' && isBranchName(name)) lookUps += 1;
      else others.push(`${call.verb} ${plural} ${name}`);
    },
    reset: (): void => {
      lookUps = 0;
      others = [];
    },
    read: (): StrangerCalls => ({ lookUps, others }),
  };
}

/** Whom a call is about; undefined for a list of all, and for the namespace, whose annotations a sweep reads. */
function subjectOf({ resource, name, query }: ObservedCall): string | undefined {
  if (resource.plural === 'namespaces') return undefined;
  return name ?? query.get('labelSelector')?.split('=')[1] ?? query.get('fieldSelector')?.split('=')[1];
}
