import { describe } from 'vitest';
import type { Tokens } from '../world/embedded-kubernetes/authorize.ts';
import { startEmbeddedKubernetes } from '../world/embedded-kubernetes/start.ts';
import { createKubernetesApi } from '../world/kubernetes-api.ts';
import { clusterContract } from './cluster-contract.ts';
import { type ContractServer, NAMESPACE, SWEEP_RIGHTS } from './cluster-fixture.ts';

const TOKENS: Tokens = {
  'admin-token': { name: 'admin', allowed: 'everything' },
  'dormouse-token': {
    name: 'dormouse',
    allowed: {
      namespace: NAMESPACE,
      rules: SWEEP_RIGHTS,
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
