import type { Request } from '@google-cloud/functions-framework';
import type { Visitor } from '../shared/core/decide-hold.ts';
import { readVisitor } from '../shared/core/read-visitor.ts';

/** The visitor, as nginx describes his request (`describe-visitor.conf`). */
export function visitorOf(request: Request): Visitor {
  return readVisitor({
    method: request.header('X-Dormouse-Method'),
    accept: request.header('X-Dormouse-Accept'),
    fetchDest: request.header('X-Dormouse-Fetch'),
    script: request.header('X-Dormouse-Script'),
    background: request.header('X-Dormouse-Background'),
    tried: request.header('X-Dormouse-Tried'),
    round: request.header('X-Dormouse-Round'),
    waited: request.header('X-Dormouse-Waited'),
  });
}
