import { describe } from 'vitest';
import { startEmbeddedKubernetes } from '../world/embedded-kubernetes/start.ts';
import { kubeletContract } from './kubelet-contract.ts';

describe('kubelet stand-in', () => {
  kubeletContract('the embedded Kubernetes', async () => {
    const kubernetes = await startEmbeddedKubernetes();
    return { admin: kubernetes, stop: kubernetes.stop };
  });
});
