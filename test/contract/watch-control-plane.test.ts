import { describeWith, partPath } from '../parts/part.ts';
import { createNamespace } from '../world/branch-manifests.ts';
import { startControlPlane } from '../world/control-plane.ts';
import { createKubernetesApi, type KubernetesApi } from '../world/kubernetes-api.ts';
import { watchContract } from './watch-contract.ts';
import { NAMESPACES, WATCH_RULES, type WatchServer } from './watch-fixture.ts';

describeWith(['control-plane'], 'real control plane', () => {
  watchContract('kube-apiserver', startServer, [
    ['deployment', 'pods'],
    ['statefulset', 'pods'],
    ['deployment', 'replicasets'],
  ]);
});

async function startServer(): Promise<WatchServer> {
  const users = { dormouse: {}, stranger: {} };
  const controlPlane = await startControlPlane({ assets: partPath('control-plane'), users });
  const api = createKubernetesApi(controlPlane.server());
  for (const namespace of NAMESPACES) await grantRights(api, namespace);
  return {
    admin: controlPlane.server(),
    tokens: { dormouse: controlPlane.token('dormouse'), stranger: controlPlane.token('stranger') },
    refuse: (namespace, resource) =>
      refuse(api, namespace, resource === 'pods' ? 'pods' : 'count/replicasets.apps'),
    // An API server remembers what it saw itself, whatever etcd has forgotten.
    forgetHistory: controlPlane.restartApiServer,
    stop: async () => {
      api.close();
      await controlPlane.stop();
    },
  };
}

/** The Role of the function, no more. */
async function grantRights(api: KubernetesApi, namespace: string): Promise<void> {
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
  const metadata = { name: 'dormouse' };
  const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'dormouse' }];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'dormouse' };
  await createNamespace(api, namespace);
  await api.create(`${rbac}/roles`, { metadata, rules: WATCH_RULES });
  await api.create(`${rbac}/rolebindings`, { metadata, subjects, roleRef });
}

/** Nobody counts what is used here: the quota's status, which the API server goes by, is written by hand. */
async function refuse(api: KubernetesApi, namespace: string, counted: string): Promise<() => Promise<void>> {
  const quotas = `/api/v1/namespaces/${namespace}/resourcequotas`;
  const hard = { [counted]: '0' };
  await api.create(quotas, { metadata: { name: 'full' }, spec: { hard } });
  await api.patch(`${quotas}/full/status`, { status: { hard, used: hard } });
  return () => api.delete(`${quotas}/full`);
}
