import type { RestRequest, RestTransport } from '../../../shared/adapters/rest/rest-transport.ts';
import type { RbacRule } from '../../world/planned-access.ts';

/** One verb of one resource, and the one object for which it is granted if not for all. */
export type Grant = {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly name?: string;
};

/** Every verb of every resource that rules grant, each by itself. */
export function grantsOf(rules: readonly RbacRule[]): readonly Grant[] {
  return rules.flatMap(({ apiGroups, resources, verbs, resourceNames = [undefined] }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) =>
          resourceNames.map((name) => ({ verb, group, resource, ...(name === undefined ? {} : { name }) })),
        ),
      ),
    ),
  );
}

/** One rule for each grant. */
export function rulesOf(grants: readonly Grant[]): readonly RbacRule[] {
  return grants.map(({ verb, group, resource, name }) => ({
    apiGroups: [group],
    resources: [resource],
    verbs: [verb],
    ...(name === undefined ? {} : { resourceNames: [name] }),
  }));
}

/** `patch apps deployments/scale` */
export function textOf({ verb, group, resource }: Omit<Grant, 'name'>): string {
  return `${verb} ${group} ${resource}`;
}

/** Notes what is asked for, as texts of grants. */
export function recordGrants(transport: RestTransport): RestTransport & { readonly asked: Set<string> } {
  const asked = new Set<string>();
  return {
    ...transport,
    asked,
    send: (request) => {
      asked.add(grantFor(request));
      return transport.send(request);
    },
    stream: (request) => {
      asked.add(grantFor(request));
      return transport.stream(request);
    },
  };
}

const PATH =
  /^\/apis?(?:\/(?<group>[^/]+))?\/v[12]\/namespaces\/[^/]+\/(?<kind>[a-z]+)(?:\/(?<name>[^/]+)(?:\/(?<sub>[a-z]+))?)?$/;
const NAMESPACE_PATH = /^\/api\/v1\/namespaces\/[^/]+$/;
const VERBS: Readonly<Record<string, string>> = { POST: 'create', PATCH: 'patch', DELETE: 'delete' };

/** Source: Kubernetes, "Authorization": which verb a request is. */
function grantFor({ method, path, query = {} }: RestRequest): string {
  const [where = ''] = path.split('?');
  if (NAMESPACE_PATH.test(where))
    return textOf({ verb: VERBS[method] ?? 'get', group: '', resource: 'namespaces' });
  const { group = '', kind = '', name, sub } = PATH.exec(where)?.groups ?? {};
  const reading = name === undefined ? ('watch' in query ? 'watch' : 'list') : 'get';
  return textOf({
    verb: VERBS[method] ?? reading,
    group,
    resource: sub === undefined ? kind : `${kind}/${sub}`,
  });
}
