import { describeWith, partPath } from '../parts/part.ts';
import { startControlPlane } from '../world/control-plane.ts';
import { createKubernetesApi, type KubernetesServer } from '../world/kubernetes-api.ts';
import { clusterContract } from './cluster-contract.ts';
import { type ContractServer, NAMESPACE } from './cluster-fixture.ts';
import { controlPlaneFacts } from './control-plane-facts.ts';

describeWith(['control-plane'], 'real control plane', () => {
  clusterContract('kube-apiserver', startServer, controlPlaneFacts);
});

async function startServer(): Promise<ContractServer> {
  const users = { dormouse: {}, stranger: {} };
  const controlPlane = await startControlPlane({ assets: partPath('control-plane'), users });
  const admin = controlPlane.server();
  await grantRights(admin);
  return {
    admin,
    tokens: { dormouse: controlPlane.token('dormouse'), stranger: controlPlane.token('stranger') },
    stop: controlPlane.stop,
  };
}

/** The Role of the sweep where it may also delete, no more. */
async function grantRights(admin: KubernetesServer): Promise<void> {
  const api = createKubernetesApi(admin);
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}`;
  const metadata = { name: 'dormouse' };
  const rules = [
    { apiGroups: ['apps'], resources: ['deployments', 'statefulsets'], verbs: ['get', 'list', 'watch'] },
    { apiGroups: ['apps'], resources: ['deployments', 'statefulsets'], verbs: ['delete'] },
    { apiGroups: [''], resources: ['services'], verbs: ['get', 'delete'] },
    { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
    { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
    { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: ['list'] },
    { apiGroups: ['batch'], resources: ['jobs'], verbs: ['list'] },
    { apiGroups: ['apps'], resources: ['deployments/scale', 'statefulsets/scale'], verbs: ['get', 'patch'] },
  ];
  const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'dormouse' }];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'dormouse' };
  await api.create('/api/v1/namespaces', { metadata: { name: NAMESPACE } });
  await api.create(`${rbac}/roles`, { metadata, rules });
  await api.create(`${rbac}/rolebindings`, { metadata, subjects, roleRef });
  api.close();
}
