import { forbidden, unauthorized } from './api-error.ts';
import type { ApiCall } from './route.ts';

/** A rule of a Role: all three lists must name what is asked, or `*`. */
export type Rule = {
  readonly apiGroups: readonly string[];
  /** `deployments`, `deployments/scale` */
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
};

export type User = {
  readonly name: string;
  /** Everything, or what the rules allow; in one namespace, if it is named. */
  readonly allowed: 'everything' | { readonly namespace?: string; readonly rules: readonly Rule[] };
};

/** Users by their bearer token. */
export type Tokens = Readonly<Record<string, User>>;

const ANONYMOUS: User = { name: 'system:anonymous', allowed: { rules: [] } };

/** Behind `kubectl proxy`, nobody is asked who he is. */
const PROXIED: User = { name: 'admin', allowed: 'everything' };

/**
 * Says who calls. Without any tokens, everybody may do everything.
 * @throws ApiError 401 for a token that nobody has
 */
export function authenticate(tokens: Tokens | undefined, authorization: string | undefined): User {
  if (tokens === undefined) return PROXIED;
  if (authorization === undefined) return ANONYMOUS;
  const token = /^Bearer\s+(\S+)$/i.exec(authorization)?.[1] ?? '';
  const user = Object.hasOwn(tokens, token) ? tokens[token] : undefined;
  if (user === undefined) throw unauthorized();
  return user;
}

/** @throws ApiError 403 */
export function authorize(user: User, call: ApiCall): void {
  if (!isAllowed(user, call)) throw forbidden(call.resource, call.name ?? '', describe(user, call));
}

function isAllowed({ allowed }: User, { verb, ...call }: ApiCall): boolean {
  if (allowed === 'everything') return true;
  const namespace = namespaceOf(call);
  if (allowed.namespace !== undefined && allowed.namespace !== namespace) return false;
  const { group } = call.resource;
  return allowed.rules.some(
    ({ apiGroups, resources, verbs }) =>
      covers(apiGroups, group) && covers(resources, resourceName(call)) && covers(verbs, verb),
  );
}

/** A namespace is in itself, so that a Role in it may grant it. Source: apiserver, RequestInfoFactory. */
function namespaceOf({ resource, namespace, name }: Omit<ApiCall, 'verb'>): string | undefined {
  return resource.plural === 'namespaces' ? name : namespace;
}

function covers(list: readonly string[], value: string): boolean {
  return list.includes('*') || list.includes(value);
}

function resourceName({ resource, subresource }: Pick<ApiCall, 'resource' | 'subresource'>): string {
  return subresource === undefined ? resource.plural : `${resource.plural}/${subresource}`;
}

function describe({ name }: User, call: ApiCall): string {
  const { resource, verb } = call;
  const namespace = namespaceOf(call);
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;

  return `User "${name}" cannot ${verb} resource "${resourceName(call)}" in API group "${resource.group}" ${where}`;
}
