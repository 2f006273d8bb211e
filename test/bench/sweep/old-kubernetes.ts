import { startEmbeddedKubernetes } from '../../world/embedded-kubernetes/start.ts';

/**
 * An embedded Kubernetes in a process of its own, whose clock is a week behind: what is created there now was
 * deployed long ago. It has no controllers: nothing but a sweep changes a workload. Prints its port; ends with its
 * standard input.
 */
const WEEK_MS = 7 * 24 * 60 * 60 * 1_000;

const { url } = await startEmbeddedKubernetes({
  controllers: false,
  historyLimit: 1,
  now: () => Date.now() - WEEK_MS,
});
process.stdout.write(`${new URL(url).port}\n`);
process.stdin.on('end', () => process.exit()).resume();
