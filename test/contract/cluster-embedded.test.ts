import { describe } from 'vitest';
import type { Tokens } from '../world/embedded-kubernetes/authorize.ts';
import { startEmbeddedKubernetes } from '../world/embedded-kubernetes/start.ts';
import { createKubernetesApi } from '../world/kubernetes-api.ts';
import { clusterContract } from './cluster-contract.ts';
import { type ContractServer, NAMESPACE } from './cluster-fixture.ts';

/** The same rights as the Role of the suite on the real control plane. */
const TOKENS: Tokens = {
  'admin-token': { name: 'admin', allowed: 'everything' },
  'dormouse-token': {
    name: 'dormouse',
    allowed: {
      namespace: NAMESPACE,
      rules: [
        { apiGroups: ['apps'], resources: ['deployments', 'statefulsets'], verbs: ['get', 'list', 'watch'] },
        { apiGroups: ['apps'], resources: ['deployments', 'statefulsets'], verbs: ['delete'] },
        { apiGroups: [''], resources: ['services'], verbs: ['get', 'delete'] },
        { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
        { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
        { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: ['list'] },
        { apiGroups: ['batch'], resources: ['jobs'], verbs: ['list'] },
        {
          apiGroups: ['apps'],
          resources: ['deployments/scale', 'statefulsets/scale'],
          verbs: ['get', 'patch'],
        },
      ],
    },
  },
  'stranger-token': { name: 'stranger', allowed: { rules: [] } },
};

describe('embedded Kubernetes', () => {
  clusterContract('the embedded API server', startServer);
});

async function startServer(): Promise<ContractServer> {
  const kubernetes = await startEmbeddedKubernetes({ tokens: TOKENS, autoscalerSyncMs: 1_000 });
  const api = createKubernetesApi(kubernetes);
  await api.create('/api/v1/namespaces', { metadata: { name: NAMESPACE } });
  api.close();
  return {
    admin: kubernetes,
    tokens: { dormouse: 'dormouse-token', stranger: 'stranger-token' },
    stop: kubernetes.stop,
  };
}
