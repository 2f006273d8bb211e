import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findFreePort, type StandIn, startStandIn } from './stand-in.ts';

/**
 * Runs in Google's build (`gcp-build`): serves `wake` from this folder, asks it what a first visitor asks, and leaves the
 * compiled code in `.compile-cache`. Best effort: it never fails a build, and reaches nothing outside this machine.
 *
 * Source: Node.js, "Module compile cache": its key holds Node's version, V8's flags, the user id and absolute paths,
 * so that it must be made where it is used; a process writes it when it exits.
 */
const FOLDER = import.meta.dirname;
const START_TIMEOUT_MS = 10_000;
/** More than the hold limit here. What needs Google's credentials gets no answer, but its code has run by then. */
const ANSWER_TIMEOUT_MS = 4_000;
const POLL_MS = 50;
const PATHS = ['/touch', '/hold', '/page'];
const HEADERS = { 'X-Dormouse-Host': 'warm-up--g.localhost' };

async function warmUp(): Promise<void> {
  const standIn = await startStandIn();
  try {
    await visit(standIn, { DORMOUSE_KUBERNETES_URL: `http://${standIn.host}` }, PATHS);
    // Google's credentials have code of their own; the cluster they are for is not there.
    await visit(standIn, { DORMOUSE_GKE_ENDPOINT: 'localhost' }, ['/touch']);
  } finally {
    standIn.close();
  }
}

async function visit(standIn: StandIn, env: Record<string, string>, paths: readonly string[]): Promise<void> {
  const port = await findFreePort();
  const wake = spawn(process.execPath, [frameworkFile()], {
    cwd: FOLDER,
    env: { ...commonEnv(standIn), ...env, PORT: String(port) },
    stdio: 'ignore',
  });
  try {
    await untilServing(wake, port);
    for (const each of paths) await ask(port, each);
  } finally {
    await end(wake);
  }
}

/** Its exports name the library only; the program lies beside it. */
function frameworkFile(): string {
  const library = createRequire(import.meta.url).resolve('@google-cloud/functions-framework');
  return path.join(path.dirname(library), 'main.js');
}

function commonEnv({ host }: StandIn): Record<string, string> {
  return {
    FUNCTION_TARGET: 'wake',
    NODE_COMPILE_CACHE: path.join(FOLDER, '.compile-cache'),
    DORMOUSE_CLUSTER: 'warm-up',
    DORMOUSE_NAMESPACE: 'warm-up',
    DORMOUSE_FIRESTORE_DATABASE: 'warm-up',
    DORMOUSE_HOLD_LIMIT_SECONDS: '2',
    FIRESTORE_EMULATOR_HOST: host,
    GCE_METADATA_HOST: host,
    METADATA_SERVER_DETECTION: 'assume-present',
    GOOGLE_CLOUD_PROJECT: 'warm-up',
  };
}

async function untilServing(wake: ChildProcess, port: number): Promise<void> {
  const endsAtMs = performance.now() + START_TIMEOUT_MS;
  while (wake.exitCode === null && performance.now() < endsAtMs) {
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
    if (answer !== undefined) return void (await answer.body?.cancel());
    await delay(POLL_MS);
  }
  throw new Error('wake did not start');
}

async function ask(port: number, where: string): Promise<void> {
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  const answer = fetch(`http://127.0.0.1:${port}${where}`, { headers: HEADERS, signal });
  await answer.then((response) => response.arrayBuffer()).catch(() => undefined);
}

async function end(wake: ChildProcess): Promise<void> {
  if (wake.exitCode !== null) return;
  const ended = once(wake, 'exit');
  wake.kill('SIGTERM');
  await ended;
}

await warmUp().catch((error) => process.stderr.write(`no compile cache: ${error}\n`));
