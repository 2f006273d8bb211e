import { execFileSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findFreePorts } from './free-ports.ts';
import { type GuardedProcess, startGuarded } from './guarded-process.ts';

export type FirestoreEmulator = {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly stop: () => Promise<void>;
};

export type FirestoreEmulatorOptions = {
  /** Path of the `gcloud` whose component `cloud-firestore-emulator` is installed. */
  readonly gcloud: string;
};

const JAR = 'platform/cloud-firestore-emulator/cloud-firestore-emulator.jar';
const MAIN_CLASS = 'com.google.cloud.datastore.emulator.firestore.CloudFirestore';

/** A small heap and the quick compiler: several run at once, each for a minute. */
const JAVA_FLAGS = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Duser.language=en'];

const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
const START_ATTEMPTS = 3;
const WARM_UP = 'projects/warm-up/databases/(default)/documents';
const WARM_UP_TIMEOUT_MS = 10_000;

/**
 * Starts Google's emulator on a free port, as `gcloud emulators firestore start` does, without Python between.
 * @throws Error with its output when it does not answer within a minute
 */
export async function startFirestoreEmulator(options: FirestoreEmulatorOptions): Promise<FirestoreEmulator> {
  const jar = path.join(findSdkRoot(options.gcloud), JAR);
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnFreePort(jar);
    } catch (error) {
      // Somebody else may have taken the port meanwhile.
      if (attempt === START_ATTEMPTS) throw error;
    }
  }
}

/** The SDK's root is two folders above its `gcloud`; a wrapper script is asked. */
function findSdkRoot(gcloud: string): string {
  const root = path.resolve(realpathSync(gcloud), '../..');
  if (existsSync(path.join(root, JAR))) return root;
  return execFileSync(gcloud, ['info', '--format=value(installation.sdk_root)'], { encoding: 'utf8' }).trim();
}

async function startOnFreePort(jar: string): Promise<FirestoreEmulator> {
  const [port] = await findFreePorts(1);
  const address = ['--host=127.0.0.1', `--port=${port}`];
  const java = startGuarded('java', [...JAVA_FLAGS, '-cp', jar, MAIN_CLASS, ...address]);
  const host = `127.0.0.1:${port}`;
  try {
    await waitUntilReady(host, java);
  } catch (cause) {
    await java.stop();
    throw new Error(`the Firestore emulator did not start: ${java.output()}`, { cause });
  }
  return { host, stop: java.stop };
}

async function waitUntilReady(host: string, java: GuardedProcess): Promise<void> {
  const deadlineMs = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < deadlineMs) {
    if (!java.isRunning()) throw new Error('it exited');
    if (await answers(host)) return;
    await delay(POLL_MS);
  }
  throw new Error(`no answer within ${READY_TIMEOUT_MS} ms`);
}

async function answers(host: string): Promise<boolean> {
  try {
    // A first write loads most of its code, which may take it longer than an adapter waits.
    const response = await fetch(`http://${host}/v1/${WARM_UP}:commit`, {
      method: 'POST',
      headers: { authorization: 'Bearer owner', 'content-type': 'application/json' },
      body: JSON.stringify({ writes: [{ update: { name: `${WARM_UP}/any/any` } }] }),
      signal: AbortSignal.timeout(WARM_UP_TIMEOUT_MS),
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
