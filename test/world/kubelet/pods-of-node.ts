import type { Pod } from '../kubernetes-objects.ts';
import type { ObjectChange } from '../watch-objects.ts';
import type { Node } from './node.ts';
import { type PodRun, runPod } from './run-pod.ts';

const FIRST_HOST = 7;

/** A pod as it was when it came, and what became of it. */
export type PodEntry = { readonly pod: Pod; readonly run: PodRun };

/** The pods of a node, and what to do when one of them changes. */
export function createPods(node: Node) {
  const byUid = new Map<string, PodEntry>();
  const byIp = new Map<string, PodRun>();
  let admitted = 0;
  const admit = (uid: string, pod: Pod) => {
    const run = runPod(node, pod, nthIp(admitted));
    admitted += 1;
    byIp.set(run.ip, run);
    byUid.set(uid, { pod, run });
    return run;
  };
  const forget = (uid: string) => {
    const run = byUid.get(uid)?.run;
    run?.vanish();
    byIp.delete(run?.ip ?? '');
    byUid.delete(uid);
  };
  const heed = (uid: string, pod: Pod) => {
    const known = byUid.get(uid);
    if (known === undefined && !isForNode(node, pod)) return;
    const run = known?.run ?? admit(uid, pod);
    if (pod.metadata.deletionTimestamp !== undefined) run.terminate(pod);
  };
  const follow = ({ change, object: pod }: ObjectChange<Pod>) => {
    const { uid = '' } = pod.metadata;
    if (change === 'gone') forget(uid);
    else heed(uid, pod);
  };
  return { byUid, byIp, follow };
}

/** Whether this node runs the pod: nobody else does, and it has not ended for good. */
function isForNode(node: Node, { spec, status }: Pod): boolean {
  const isOurs = spec.nodeName === undefined || spec.nodeName === '' || spec.nodeName === node.name;
  return isOurs && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
}

/** An address of a pod. Source: kube-apiserver 1.37 refuses 127.0.0.0/8 in an EndpointSlice. */
function nthIp(n: number): string {
  const last = n + FIRST_HOST;
  return `10.${1 + (last >> 16)}.${(last >> 8) & 255}.${last & 255}`;
}
