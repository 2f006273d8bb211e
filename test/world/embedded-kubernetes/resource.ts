import type { z } from 'zod';
import type { FieldProblem } from './api-error.ts';
import type { Draft, StoredObject } from './stored-object.ts';

/** What becomes of what an object owns when it is deleted. */
export type Propagation = 'Background' | 'Foreground' | 'Orphan';

export type Subresource = 'status' | 'scale' | 'binding' | 'finalize';

/** One resource of the API: what of it is the kind's own. The rest, all kinds share. */
export type Resource = {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly shortNames: readonly string[];
  readonly isNamespaced: boolean;
  readonly subresources: readonly Subresource[];
  /** The types of those fields that this server itself reads; all others pass as they are. */
  readonly schema: z.ZodType;
  /** Fills what a client left out, as a create and an update do. */
  readonly withDefaults: (draft: Draft) => Draft;
  /** Sets what no client decides at creation: the first status, a cluster address. */
  readonly initialize: (draft: Draft) => Draft;
  readonly validate: (draft: Draft) => readonly FieldProblem[];
  /** What may not change, or only so. */
  readonly validateUpdate: (current: StoredObject, next: Draft) => readonly FieldProblem[];
  /** Whether a change makes a new generation; `undefined` for kinds that have none. */
  readonly isNewGeneration: ((current: StoredObject, next: Draft) => boolean) | undefined;
  /** Metadata that a write to `status` cannot change. */
  readonly keptByStatus: readonly ('labels' | 'annotations' | 'ownerReferences')[];
  /** What a field selector may name, besides the name and the namespace. */
  readonly fieldLabels: Readonly<Record<string, (object: StoredObject) => string>>;
  /** Whether a deletion answers with the object instead of a `Status`. */
  readonly answersDeleted: boolean;
  /** How it is deleted where nobody says how. */
  readonly defaultPropagation: Propagation;
};

export function apiVersionOf({ group, version }: Pick<Resource, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}
