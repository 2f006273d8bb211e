import { startEmbeddedKubernetes } from '../world/embedded-kubernetes/start.ts';
import { watchContract } from './watch-contract.ts';
import { WATCH_RULES, type WatchServer } from './watch-fixture.ts';

watchContract('the embedded Kubernetes', startServer);

async function startServer(): Promise<WatchServer> {
  const tokens = {
    admin: { name: 'admin', allowed: 'everything' },
    dormouse: { name: 'dormouse', allowed: { rules: WATCH_RULES } },
    stranger: { name: 'stranger', allowed: { rules: [] } },
  } as const;
  const kubernetes = await startEmbeddedKubernetes({ tokens });
  const { url, headers, faults, stop } = kubernetes;
  return {
    admin: { url, headers },
    tokens: { dormouse: 'dormouse', stranger: 'stranger' },
    refuse: async (_namespace, resource) => {
      const refusal = faults.refuseCreation(resource, 'exceeded quota: full');
      return async () => refusal.remove();
    },
    forgetHistory: async () => faults.forgetHistory(),
    stop,
  };
}
