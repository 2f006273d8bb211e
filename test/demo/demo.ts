import { parseArgs } from 'node:util';
import { runClusterDemo } from './cluster-demo.ts';
import { runLocalDemo } from './local-demo.ts';

/** `npm run demo`: a staging world on this machine; with `--kubeconfig FILE` a real cluster. */
const USAGE = `npm run demo -- [options]
  --port N            where visitors arrive (default: 8080, or a free port with --once)
  --once              let the story tell itself, end with one line of JSON
  --kubeconfig FILE   use a real cluster instead of the one in miniature
  --context NAME        of that file (default: the current one)
  --namespace NAME      of the branches (default: default)
  --yes                 do not ask before it may scale anything`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h' },
      port: { type: 'string' },
      once: { type: 'boolean', default: false },
      kubeconfig: { type: 'string' },
      context: { type: 'string' },
      namespace: { type: 'string', default: 'default' },
      yes: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  const { kubeconfig, context, namespace, yes } = values;
  if (kubeconfig !== undefined) {
    return runClusterDemo({ kubeconfig, context, namespace, isConfirmed: yes }, stopping.signal);
  }
  const port = values.port === undefined ? undefined : Number(values.port);
  return runLocalDemo({ isOnce: values.once, port }, stopping.signal);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
