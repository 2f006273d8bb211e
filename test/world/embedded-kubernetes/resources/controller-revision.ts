import { defineResource } from './define-resource.ts';

/** A StatefulSet's templates of earlier times, under the names that its pods bear. */
export const CONTROLLER_REVISIONS = defineResource({
  group: 'apps',
  plural: 'controllerrevisions',
  kind: 'ControllerRevision',
});
