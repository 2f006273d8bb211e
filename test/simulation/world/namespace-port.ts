import type { Cluster } from '../../../shared/ports.ts';
import type { Happening, Note } from './fact.ts';
import type { NamespaceState } from './namespace-state.ts';

export type NamespacePort = Pick<Cluster, 'readInherited' | 'listBounds' | 'listJobs' | 'tell'>;
type Send = <Answer>(method: string, subject: string, perform: () => Answer) => Promise<Answer>;
type Wires = {
  readonly actor: string;
  readonly namespace: NamespaceState;
  readonly isNamespaceInstant: boolean;
  readonly note: Note;
};
type Survey = Omit<Extract<Happening, { fact: 'surveyed' }>, 'fact' | 'by'>;

/** What one actor reads of the namespace. What a sweep has read it goes by, so that is noted as soon as it knows. */
export function createNamespacePort(wires: Wires, send: Send): NamespacePort {
  const { actor, namespace, isNamespaceInstant, note } = wires;
  const read = async <Answer>(method: string, perform: () => Answer, told: (answer: Answer) => Survey) => {
    const answer = isNamespaceInstant ? perform() : await send(method, '', perform);
    if (actor.startsWith('sweep')) note({ fact: 'surveyed', by: actor, ...told(answer) });
    return answer;
  };
  return {
    readInherited: () => read('readInherited', namespace.inherited, (inherited) => ({ inherited })),
    listBounds: () => read('listBounds', namespace.bounds, (bounds) => ({ bounds })),
    listJobs: () => read('listJobs', namespace.jobs, (jobs) => ({ jobs })),
    tell: (notice) => send('tell', '', () => namespace.tell(actor, notice)),
  };
}
