import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { findFreePorts } from '../../world/free-ports.ts';
import { findPackagedArchive } from '../../world/packaged-archive.ts';
import type { Program } from '../competitors/start-program.ts';
import { SWEEP_STORE } from './sweep-store.ts';

export type PackagedSleepOptions = { readonly kubernetesUrl: string; readonly firestoreHost: string };

const FRAMEWORK = 'node_modules/@google-cloud/functions-framework/build/src/main.js';
/** Ends the process when ours does, however ours ends: its standard input closes then. */
const GUARD = "data:text/javascript,process.stdin.on('end', () => process.exit(1)).resume()";
/** As terraform/sleep.tf has it. */
export const SLEEP_NODE_OPTIONS = '--max-semi-space-size=4';
const READY = 'Serving function';

/** Starts the `sleep` of the archive that is deployed, with the options of Node that it is deployed with. */
export async function startPackagedSleep(options: PackagedSleepOptions): Promise<Program> {
  const folder = await findPackagedArchive();
  const [port = 0] = await findFreePorts(1);
  const child = spawn(process.execPath, ['--import', GUARD, path.join(folder, FRAMEWORK)], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', PORT: String(port), ...environment(options) },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on('line', (line) => line.startsWith(READY) && resolve());
  const isReady = await Promise.race([ready.then(() => true), ended.then(() => false)]);
  if (!isReady) throw new Error('the packaged sleep function did not start');
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  return { port, pid: child.pid ?? 0, stop };
}

function environment({ kubernetesUrl, firestoreHost }: PackagedSleepOptions): Record<string, string> {
  return {
    FUNCTION_TARGET: 'sleep',
    NODE_OPTIONS: SLEEP_NODE_OPTIONS,
    DORMOUSE_CLUSTER: SWEEP_STORE.cluster,
    DORMOUSE_NAMESPACE: SWEEP_STORE.namespace,
    DORMOUSE_KUBERNETES_URL: kubernetesUrl,
    DORMOUSE_FIRESTORE_DATABASE: SWEEP_STORE.database,
    GOOGLE_CLOUD_PROJECT: SWEEP_STORE.project,
    FIRESTORE_EMULATOR_HOST: firestoreHost,
  };
}
