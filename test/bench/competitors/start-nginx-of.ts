import { rmSync } from 'node:fs';
import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findFreePorts } from '../../world/free-ports.ts';
import { type NginxProcess, startNginx } from '../../world/nginx-process.ts';

export type NginxOf = {
  readonly port: number;
  /** Of nginx's master process. */
  readonly pid: number;
  readonly stop: () => Promise<void>;
};

/**
 * Starts nginx with a configuration of this folder, in which `__FOLDER__`, `__PORT__` and the names given are replaced.
 * @throws Error with nginx's own words when it does not start
 */
export async function startNginxOf(
  nginx: string,
  configuration: 'plain-proxy.conf' | 'application.conf',
  values: Readonly<Record<string, string>> = {},
): Promise<NginxOf> {
  const folder = await mkdtemp(path.join(tmpdir(), 'bench-nginx-'));
  await chmod(folder, 0o711); // root's workers are somebody else
  const [port = 0] = await findFreePorts(1);
  const all: Record<string, string> = { ...values, FOLDER: folder, PORT: String(port) };
  const text = await readFile(path.join(import.meta.dirname, configuration), 'utf8');
  const filled = text.replace(/__([A-Z_]+)__/g, (_, name: string) => all[name] ?? '');
  await writeFile(path.join(folder, 'nginx.conf'), filled);
  const removeFolder = () => {
    rmSync(folder, { recursive: true, force: true });
    process.off('exit', removeFolder);
  };
  process.on('exit', removeFolder);
  const started: NginxProcess = await startNginx({ nginx, folder, port }).catch((error) => {
    removeFolder();
    throw error;
  });
  return {
    port,
    pid: started.pid,
    stop: async () => {
      await started.stop();
      removeFolder();
    },
  };
}
