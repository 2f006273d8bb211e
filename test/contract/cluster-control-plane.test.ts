import { describeWith, partPath } from '../parts/part.ts';
import { startControlPlane } from '../world/control-plane.ts';
import { createKubernetesApi, type KubernetesServer } from '../world/kubernetes-api.ts';
import { clusterContract } from './cluster-contract.ts';
import { type ContractServer, NAMESPACE, SWEEP_RIGHTS } from './cluster-fixture.ts';
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

async function grantRights(admin: KubernetesServer): Promise<void> {
  const api = createKubernetesApi(admin);
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}`;
  const metadata = { name: 'dormouse' };
  const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'dormouse' }];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'dormouse' };
  await api.create('/api/v1/namespaces', { metadata: { name: NAMESPACE } });
  await api.create(`${rbac}/roles`, { metadata, rules: SWEEP_RIGHTS });
  await api.create(`${rbac}/rolebindings`, { metadata, subjects, roleRef });
  api.close();
}
