import type { RestTransport } from '../../../shared/adapters/rest/rest-transport.ts';
import { bearer, connect } from '../../contract/cluster-fixture.ts';
import { partPath } from '../../parts/part.ts';
import { createNamespace } from '../../world/branch-manifests.ts';
import { type ControlPlane, startControlPlane } from '../../world/control-plane.ts';
import { startKubelet } from '../../world/kubelet/kubelet.ts';
import { createKubernetesApi, type KubernetesApi } from '../../world/kubernetes-api.ts';
import { ACCOUNTS, type PlannedAccess, planAccess, type RbacRule } from '../../world/planned-access.ts';
import { recordGrants } from './grants.ts';

export type Account = keyof typeof ACCOUNTS;

/** How the switch stands that lets branches be deleted. */
export type Switch = 'off' | 'on';

/** A real control plane in which both functions may do what Terraform plans, and no more; with the switch off at first. */
export type PrivilegedWorld = {
  readonly controlPlane: ControlPlane;
  /** The administrator's. */
  readonly api: KubernetesApi;
  readonly access: Readonly<Record<Switch, PlannedAccess>>;
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
  const providers = partPath('terraform-providers');
  const [off, on, controlPlane] = await Promise.all([
    planAccess(providers),
    planAccess(providers, 'sleep = { may_delete = true }'),
    startControlPlane({ assets: partPath('control-plane'), users: usersOf(ACCOUNTS) }),
  ]);
  const api = createKubernetesApi(controlPlane.server());
  await createNamespace(api, NAMESPACE);
  for (const role of Object.values(off.roles)) await api.create(`${RBAC}/roles`, role);
  for (const binding of off.bindings) await api.create(`${RBAC}/rolebindings`, binding);
  const kubelet = await startKubelet({ api, namespace: NAMESPACE, behaviour: () => ({ pullMs: PULL_MS }) });
  const transports: RestTransport[] = [];
  return {
    controlPlane,
    api,
    access: { off, on },
    as: (account) => {
      const token = controlPlane.token(ACCOUNTS[account].email);
      const transport = connect(controlPlane.server(), bearer(token));
      transports.push(transport);
      return recordGrants(transport);
    },
    allow: async (account, rules) => {
      await api.patch(`${RBAC}/roles/${off.roles[account].metadata.name}`, { rules });
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
