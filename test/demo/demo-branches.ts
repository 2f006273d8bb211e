import { type BranchManifest, createBranch, createNamespace } from '../world/branch-manifests.ts';
import { type Behaviour, branchOf, type PodBehaviour } from '../world/kubelet/behaviour.ts';
import type { KubernetesApi } from '../world/kubernetes-api.ts';

export const DEMO_NAMESPACE = 'demo';

type DemoBranch = {
  readonly name: string;
  readonly what: string;
  readonly behaviour: PodBehaviour;
  readonly workloads?: BranchManifest['workloads'];
};

/** Five branches of different kinds. */
export const DEMO_BRANCHES: readonly DemoBranch[] = [
  { name: 'fast--g', what: 'starts in a moment', behaviour: { pullMs: 100, startMs: 100, readyMs: 100 } },
  { name: 'slow--g', what: 'takes 20 s', behaviour: { pullMs: 9_000, startMs: 4_000, readyMs: 7_000 } },
  {
    name: 'unicorn--g',
    what: 'a pod of two containers',
    behaviour: { containers: { unicorn: { startMs: 300, readyMs: 2_500 }, nginx: { startMs: 100 } } },
    workloads: [{ containers: ['nginx', 'unicorn'] }],
  },
  {
    name: 'pair--g',
    what: 'two Deployments that sleep and wake as one',
    behaviour: { startMs: 800, readyMs: 400 },
    workloads: [{ replicas: 2 }, { name: 'pair-worker' }],
  },
  { name: 'broken--g', what: 'crashes when it starts', behaviour: { failure: 'crash-loop', exitCode: 3 } },
];

export const demoBehaviour: Behaviour = (pod) =>
  DEMO_BRANCHES.find(({ name }) => name === branchOf(pod))?.behaviour ?? {};

export async function createDemoBranches(api: KubernetesApi): Promise<void> {
  await createNamespace(api, DEMO_NAMESPACE);
  for (const { name, workloads } of DEMO_BRANCHES) {
    await createBranch(api, {
      namespace: DEMO_NAMESPACE,
      name,
      ...(workloads === undefined ? {} : { workloads }),
    });
  }
}
