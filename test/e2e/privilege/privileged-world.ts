import type { RestRequest, RestTransport } from '../../../shared/adapters/rest/rest-transport.ts';
import { bearer, connect } from '../../contract/cluster-fixture.ts';
import { partPath } from '../../parts/part.ts';
import { createNamespace } from '../../world/branch-manifests.ts';
import { type ControlPlane, startControlPlane } from '../../world/control-plane.ts';
import { startKubelet } from '../../world/kubelet/kubelet.ts';
import { createKubernetesApi, type KubernetesApi } from '../../world/kubernetes-api.ts';
import { ACCOUNTS, type PlannedAccess, planAccess, type RbacRule } from '../../world/planned-access.ts';

export type Account = keyof typeof ACCOUNTS;

/** A real control plane in which both functions may do what Terraform plans, and no more. */
export type PrivilegedWorld = {
  readonly controlPlane: ControlPlane;
  /** The administrator's. */
  readonly api: KubernetesApi;
  readonly access: PlannedAccess;
  /** Speaks to the API server as a function does, and notes what it asked for. */
  readonly as: (account: Account) => RestTransport & { readonly asked: Set<string> };
  /** Replaces what an account may do. */
  readonly allow: (account: Account, rules: readonly RbacRule[]) => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Of the module's tests: what is planned is bound to it. */
export const NAMESPACE = 'branches';
const RBAC = `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}`;
/** Long enough that somebody who looks sees the image on its way. */
const PULL_MS = 300;

export async function startPrivilegedWorld(): Promise<PrivilegedWorld> {
  const [access, controlPlane] = await Promise.all([
    planAccess(partPath('terraform-providers')),
    startControlPlane({ assets: partPath('control-plane'), users: usersOf(ACCOUNTS) }),
  ]);
  const api = createKubernetesApi(controlPlane.server());
  await createNamespace(api, NAMESPACE);
  for (const role of Object.values(access.roles)) await api.create(`${RBAC}/roles`, role);
  for (const binding of access.bindings) await api.create(`${RBAC}/rolebindings`, binding);
  const kubelet = await startKubelet({ api, namespace: NAMESPACE, behaviour: () => ({ pullMs: PULL_MS }) });
  const transports: RestTransport[] = [];
  return {
    controlPlane,
    api,
    access,
    as: (account) => {
      const token = controlPlane.token(ACCOUNTS[account].email);
      const transport = connect(controlPlane.server(), bearer(token));
      transports.push(transport);
      return recordPairs(transport);
    },
    allow: async (account, rules) => {
      await api.patch(`${RBAC}/roles/${access.roles[account].metadata.name}`, { rules });
    },
    stop: async () => {
      for (const transport of transports) transport.close();
      kubelet.stop();
      api.close();
      await controlPlane.stop();
    },
  };
}

/** By email and by number: a token may carry either. */
function usersOf(accounts: typeof ACCOUNTS) {
  const names = Object.values(accounts).flatMap(({ email, uniqueId }) => [email, uniqueId]);
  return Object.fromEntries(names.map((name) => [name, {}]));
}

/** `patch apps deployments/scale`, for each verb of each resource. */
export function pairsOf(rules: readonly RbacRule[]): readonly string[] {
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group} ${resource}`)),
    ),
  );
}

/** One rule for each pair. */
export function rulesOf(pairs: readonly string[]): readonly RbacRule[] {
  return pairs.map((pair) => {
    const [verb = '', group = '', resource = ''] = pair.split(' ');
    return { apiGroups: [group], resources: [resource], verbs: [verb] };
  });
}

function recordPairs(transport: RestTransport): RestTransport & { readonly asked: Set<string> } {
  const asked = new Set<string>();
  return {
    ...transport,
    asked,
    send: (request) => {
      asked.add(pairOf(request));
      return transport.send(request);
    },
    stream: (request) => {
      asked.add(pairOf(request));
      return transport.stream(request);
    },
  };
}

const PATH =
  /^\/apis?(?:\/(?<group>[^/]+))?\/v1\/namespaces\/[^/]+\/(?<kind>[a-z]+)(?:\/(?<name>[^/]+)(?:\/(?<sub>[a-z]+))?)?$/;

/** Source: Kubernetes, "Authorization": which verb a request is. */
function pairOf({ method, path, query = {} }: RestRequest): string {
  const { group = '', kind = '', name, sub } = PATH.exec(path.split('?')[0] ?? '')?.groups ?? {};
  const read = name === undefined ? ('watch' in query ? 'watch' : 'list') : 'get';
  const verb = method === 'GET' ? read : method.toLowerCase();
  return `${verb} ${group} ${sub === undefined ? kind : `${kind}/${sub}`}`;
}
