import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { environmentSchema } from '../../shared/environment.ts';
import { startFunction } from '../world/function-process.ts';

/**
 * Serves both functions from the source, for debugging against a cluster that `kubectl proxy` reaches. What the
 * environment says wins over the defaults here; nothing is scaled unless DORMOUSE_MODE=on is said.
 */
const DEFAULTS = {
  DORMOUSE_CLUSTER: 'local',
  DORMOUSE_NAMESPACE: 'default',
  DORMOUSE_MODE: 'dry-run',
  DORMOUSE_SQLITE_FILE: '.dormouse/dev.sqlite',
};
const DEBUGGER_OFFSET = 1_000;
const { values } = parseArgs({
  options: {
    'wake-port': { type: 'string', default: '8081' },
    'sleep-port': { type: 'string', default: '8082' },
  },
});
const PORTS = { wake: Number(values['wake-port']), sleep: Number(values['sleep-port']) } as const;

function environment(): Record<string, string> {
  const isOurs = ([name]: [string, string | undefined]) => name in environmentSchema.shape;
  const given = Object.fromEntries(Object.entries(process.env).filter(isOurs)) as Record<string, string>;
  const reachesKubernetes = 'DORMOUSE_KUBECONFIG' in given || 'DORMOUSE_GKE_ENDPOINT' in given;
  const proxy = reachesKubernetes ? {} : { DORMOUSE_KUBERNETES_URL: 'http://127.0.0.1:8001' };
  const { DORMOUSE_SQLITE_FILE, ...rest } = DEFAULTS;
  const store = 'DORMOUSE_FIRESTORE_DATABASE' in given ? {} : { DORMOUSE_SQLITE_FILE };
  return { ...rest, ...store, ...proxy, HOME: process.env.HOME ?? '', ...given };
}

async function serve(target: 'wake' | 'sleep', env: Record<string, string>): Promise<void> {
  const onLine = (line: string) => console.log(`${target.padEnd(5)} ${line}`);
  const nodeOptions = [`--inspect=127.0.0.1:${PORTS[target] + DEBUGGER_OFFSET}`];
  await startFunction({ target, env, port: PORTS[target], onLine, nodeOptions });
}

mkdirSync('.dormouse', { recursive: true });
const env = environment();
await Promise.all([serve('wake', env), serve('sleep', env)]);
console.log(`
namespace ${env.DORMOUSE_NAMESPACE}, mode ${env.DORMOUSE_MODE} (DORMOUSE_MODE=on lets it scale); debugger ports ${PORTS.wake + DEBUGGER_OFFSET} and ${PORTS.sleep + DEBUGGER_OFFSET}

  a visit       curl -i -H 'X-Dormouse-Host: my-branch--g.example.com' http://127.0.0.1:${PORTS.wake}/touch
  a heartbeat   curl -i -H 'X-Dormouse-Host: heartbeat' -H 'X-Dormouse-Proxy: me' http://127.0.0.1:${PORTS.wake}/touch
  a sweep       curl -X POST 'http://127.0.0.1:${PORTS.sleep}/?dryRun=true'
`);
