import type { Resource } from '../resource.ts';
import type { Draft } from '../stored-object.ts';
import { metadataProblems, subdomainProblems } from '../validate-metadata.ts';
import { objectSchema } from './schema.ts';

type Definition = Pick<Resource, 'group' | 'plural' | 'kind'> & Partial<Resource>;

const unchanged = (draft: Draft) => draft;

/** A resource that is like most others but for what is given. */
export function defineResource(definition: Definition): Resource {
  return {
    version: 'v1',
    shortNames: [],
    isNamespaced: true,
    subresources: [],
    schema: objectSchema({}),
    withDefaults: unchanged,
    initialize: unchanged,
    validate: (draft) => metadataProblems(draft, subdomainProblems),
    validateUpdate: () => [],
    isNewGeneration: undefined,
    keptByStatus: [],
    fieldLabels: {},
    answersDeleted: false,
    defaultPropagation: 'Background',
    ...definition,
  };
}
