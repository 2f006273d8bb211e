import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A folder with an nginx.conf that puts `pid` at nginx.pid and listens on 127.0.0.1:port. */
export type NginxPlace = { readonly nginx: string; readonly folder: string; readonly port: number };

/** nginx's master and workers. They cannot outlive the process which started them, however it ends. */
export type NginxProcess = {
  /** Of the master. */
  readonly pid: number;
  /** Has new workers take over; those at work finish what they have. */
  readonly reload: () => void;
  /** Ends all of them at once, as when a node dies. */
  readonly kill: () => Promise<void>;
  /** Ends them as a deployment does, by force after 5 s. */
  readonly stop: () => Promise<void>;
};

/**
 * Kills the whole process group when stdin closes. File descriptor 3 keeps that stdin for `cat`, since a shell gives
 * a background command none.
 */
const GUARD = [
  'exec 3<&0',
  '"$@" 3<&- &',
  'program=$!',
  '(cat <&3 >/dev/null; kill -9 0) 2>/dev/null &',
  'watcher=$!',
  'wait $program',
  'kill $watcher 2>/dev/null',
].join('\n');

const START_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 5_000;
const POLL_MS = 20;

/**
 * Starts nginx; resolves once it accepts connections.
 * @throws Error with nginx's own words when it does not start
 */
export async function startNginx(place: NginxPlace): Promise<NginxProcess> {
  const pidFile = path.join(place.folder, 'nginx.pid');
  rmSync(pidFile, { force: true });
  // As the Deployment does: process ids repeat.
  rmSync(path.join(place.folder, 'temp/connections'), { recursive: true, force: true });
  const group = spawnGuarded(place);
  const end = () => endGroup(group, place.port);
  const deadlineMs = Date.now() + START_TIMEOUT_MS;
  while (!(existsSync(pidFile) && (await accepts(place.port)))) {
    if (hasEnded(group) || Date.now() > deadlineMs) {
      await end();
      throw new Error(`${place.nginx} did not start:\n${readErrors(place.folder)}`);
    }
    await delay(POLL_MS);
  }
  const pid = Number(readFileSync(pidFile, 'utf8'));
  return {
    pid,
    reload: () => void process.kill(pid, 'SIGHUP'),
    kill: end,
    stop: async () => {
      if (hasEnded(group)) return;
      process.kill(pid, 'SIGTERM');
      await Promise.race([once(group, 'exit'), delay(STOP_TIMEOUT_MS, undefined, { ref: false })]);
      await end();
    },
  };
}

/** A process group of its own, which Ctrl-C does not reach. */
function spawnGuarded({ nginx, folder }: NginxPlace): ChildProcess {
  const files = ['-p', folder, '-c', path.join(folder, 'nginx.conf'), '-e', path.join(folder, 'error.log')];
  const command = ['-c', GUARD, 'sh', nginx, ...files, '-g', 'daemon off;'];
  return spawn('sh', command, { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
}

async function endGroup(group: ChildProcess, port: number): Promise<void> {
  if (!hasEnded(group)) {
    const exited = once(group, 'exit');
    group.stdin?.end();
    await exited;
  }
  // The workers end a moment after the master. Somebody else may own the port: that is not waited for.
  const deadlineMs = Date.now() + STOP_TIMEOUT_MS;
  while (Date.now() < deadlineMs && (await accepts(port))) await delay(POLL_MS);
}

function readErrors(folder: string): string {
  const file = path.join(folder, 'error.log');
  return existsSync(file) ? readFileSync(file, 'utf8') : 'it wrote no error.log';
}

function hasEnded(group: ChildProcess): boolean {
  return group.exitCode !== null || group.signalCode !== null;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
