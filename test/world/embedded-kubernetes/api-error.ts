import type { Resource } from './resource.ts';

/** One thing that is wrong with an object, by the field it is in. */
export type FieldProblem = {
  readonly reason: 'FieldValueInvalid' | 'FieldValueRequired' | 'FieldValueForbidden';
  readonly field: string;
  readonly message: string;
};

type StatusDetails = {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly { readonly reason: string; readonly message: string; readonly field?: string }[];
  readonly retryAfterSeconds?: number;
};

type StatusBody = {
  readonly code: number;
  readonly reason?: string;
  readonly message: string;
  readonly details?: StatusDetails;
  /** Where an expired list may go on, without being consistent. */
  readonly position?: string;
};

/** A refusal in Kubernetes' own words; the message, reason and details are those of kube-apiserver 1.37. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly body: StatusBody;
  constructor(body: StatusBody, options?: ErrorOptions) {
    super(body.message, options);
    this.body = body;
  }
}

/** The `Status` object that goes over the wire. */
export function statusOf({ body }: ApiError): object {
  const { code, reason, message, details, position } = body;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: position === undefined ? {} : { continue: position },
    status: 'Failure',
    message,
    ...(reason === undefined ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    code,
  };
}

export function badRequest(message: string, options?: ErrorOptions): ApiError {
  return new ApiError({ code: 400, reason: 'BadRequest', message }, options);
}

export function unauthorized(): ApiError {
  return new ApiError({ code: 401, reason: 'Unauthorized', message: 'Unauthorized' });
}

/** @param why what follows "is forbidden: " */
export function forbidden(resource: Resource, name: string, why: string): ApiError {
  const subject = name === '' ? qualified(resource) : `${qualified(resource)} "${name}"`;
  return new ApiError({
    code: 403,
    reason: 'Forbidden',
    message: `${subject} is forbidden: ${why}`,
    details: detailsOf(resource, name),
  });
}

export function notFound(resource: Resource, name: string): ApiError {
  return new ApiError({
    code: 404,
    reason: 'NotFound',
    message: `${qualified(resource)} "${name}" not found`,
    details: detailsOf(resource, name),
  });
}

/** A known group and version without such a resource. */
export function noSuchResource(): ApiError {
  const message = 'the server could not find the requested resource';
  return new ApiError({ code: 404, reason: 'NotFound', message, details: {} });
}

export function methodNotAllowed(): ApiError {
  const message = 'the server does not allow this method on the requested resource';
  return new ApiError({ code: 405, reason: 'MethodNotAllowed', message, details: {} });
}

export function alreadyExists(resource: Resource, name: string): ApiError {
  return new ApiError({
    code: 409,
    reason: 'AlreadyExists',
    message: `${qualified(resource)} "${name}" already exists`,
    details: detailsOf(resource, name),
  });
}

export function conflict(resource: Resource, name: string, why = OUTDATED): ApiError {
  return new ApiError({
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`,
    details: detailsOf(resource, name),
  });
}

const OUTDATED =
  'the object has been modified; please apply your changes to the latest version and try again';

/** A deletion of an object that is not the one that was meant. */
export function preconditionFailed({ group, kind }: Resource, name: string, why: string): ApiError {
  const subject = group === '' ? kind : `${kind}.${group}`;
  return new ApiError({
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on ${subject} "${name}": ${why}`,
    details: { name, ...(group === '' ? {} : { group }), kind },
  });
}

/** A list whose snapshot is gone, or a watch from a version that is. */
export function expired(message: string, position?: string): ApiError {
  return new ApiError({
    code: 410,
    reason: 'Expired',
    message,
    ...(position === undefined ? {} : { position }),
  });
}

export function tooLarge(): ApiError {
  return new ApiError({ code: 413, reason: 'RequestEntityTooLarge', message: 'Request entity too large' });
}

export function unsupportedMediaType(): ApiError {
  const message = '415: Unsupported Media Type';
  return new ApiError({ code: 415, reason: 'UnsupportedMediaType', message, details: {} });
}

/** A JSON patch that does not apply: also the answer when its `test` fails. */
export function patchRefused(): ApiError {
  const message = 'the server rejected our request due to an error in our request';
  return new ApiError({ code: 422, reason: 'Invalid', message, details: {} });
}

type Kind = { readonly group: string; readonly kind: string };

export function invalid(kind: Kind, name: string, problems: readonly FieldProblem[]): ApiError {
  const texts = problems.map(({ field, message }) => `${field}: ${message}`);
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const subject = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  return new ApiError({
    code: 422,
    reason: 'Invalid',
    message: `${subject} "${name}" is invalid: ${list}`,
    details: {
      ...(name === '' ? {} : { name }),
      ...(kind.group === '' ? {} : { group: kind.group }),
      kind: kind.kind,
      causes: problems.map(({ reason, message, field }) => ({ reason, message, field })),
    },
  });
}

export function internalError(message: string): ApiError {
  return new ApiError({ code: 500, reason: 'InternalError', message });
}

/** A list at a version that is not reached yet. */
export function versionTooLarge(asked: number, current: number): ApiError {
  const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }];
  return new ApiError({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: Too large resource version: ${asked}, current: ${current}`,
    details: { causes, retryAfterSeconds: 1 },
  });
}

function qualified({ group, plural }: Resource): string {
  return group === '' ? plural : `${plural}.${group}`;
}

function detailsOf({ group, plural }: Resource, name: string): StatusDetails {
  return { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: plural };
}
