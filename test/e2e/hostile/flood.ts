import http from 'node:http';

export type Flood = {
  readonly port: number;
  /** How many hosts that do not exist, each of another name. */
  readonly hosts: number;
  /** Makes the names of one flood differ from those of another. */
  readonly name: string;
};

export type FloodResult = {
  /** How often each status came. */
  readonly statuses: Readonly<Record<number, number>>;
};

const PATHS = ['/touch', '/hold', '/page', '/progress'] as const;
const CONNECTIONS = 32;

/** Asks the wake function for many hosts that nobody knows, one request each, over kept connections. */
export async function floodWithHosts({ port, hosts, name }: Flood): Promise<FloodResult> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const statuses: Record<number, number> = {};
  let next = 0;
  const work = async () => {
    for (let n = next++; n < hosts; n = next++) {
      const path = PATHS[n % PATHS.length] ?? '/touch';
      const headers = { 'X-Dormouse-Host': `${name}-${n}--g.example.com` };
      const status = await ask({ agent, port, path, headers });
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  agent.destroy();
  return { statuses };
}

function ask(options: http.RequestOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', ...options }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    request.once('error', reject);
  });
}
