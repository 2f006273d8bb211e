import { describeWith, partPath } from '../parts/part.ts';
import { startControlPlane } from '../world/control-plane.ts';
import { kubeletContract } from './kubelet-contract.ts';

describeWith(['control-plane'], 'kubelet stand-in', () => {
  kubeletContract('kube-apiserver', async () => {
    const controlPlane = await startControlPlane({ assets: partPath('control-plane') });
    return { admin: controlPlane.server(), stop: controlPlane.stop };
  });
});
