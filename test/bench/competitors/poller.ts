import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Wakes a branch as tools do that ask Kubernetes again and again: holds the request, scales the Deployment to 1, reads
 * it every so many ms until it has a ready replica, then passes the request on. Prints its port; ends with its standard
 * input. Its one argument is a `PollerOptions` in JSON.
 */
export type PollerOptions = {
  readonly everyMs: number;
  readonly apiUrl: string;
  readonly token: string;
  readonly caFile: string;
  readonly namespace: string;
  /** Where the Service of a branch listens: `ADDRESS:PORT`. */
  readonly services: Readonly<Record<string, string>>;
};

type Deployment = { readonly status: { readonly readyReplicas?: number } };

const options: PollerOptions = JSON.parse(process.argv[2] ?? '');
const agent = new https.Agent({ keepAlive: true, ca: readFileSync(options.caFile) });
/** The Service opens a moment after its pod is ready. */
const REFUSED_AGAIN_MS = 10;

async function serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const branch = String(request.headers.host).split('.')[0] ?? '';
  await call('PATCH', `${branch}/scale`, { spec: { replicas: 1 } });
  while (!(await isReady(branch))) await delay(options.everyMs);
  await forward(branch, request, response);
}

async function isReady(branch: string): Promise<boolean> {
  const { status } = (await call('GET', branch)) as Deployment;
  return (status.readyReplicas ?? 0) > 0;
}

async function call(method: 'GET' | 'PATCH', path: string, body?: object): Promise<unknown> {
  const url = new URL(`/apis/apps/v1/namespaces/${options.namespace}/deployments/${path}`, options.apiUrl);
  const headers = {
    Authorization: `Bearer ${options.token}`,
    'Content-Type': 'application/merge-patch+json',
  };
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  https
    .request(url, { method, headers, agent }, resolve)
    .on('error', reject)
    .end(body === undefined ? undefined : JSON.stringify(body));
  return JSON.parse(await text(await promise));
}

async function forward(branch: string, request: http.IncomingMessage, response: http.ServerResponse) {
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const url = `http://${options.services[branch]}${request.url}`;
  const { method = 'GET', headers } = request;
  request.pipe(http.request(url, { method, headers, agent: false }, resolve).on('error', reject));
  try {
    const answer = await promise;
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  } catch {
    await delay(REFUSED_AGAIN_MS);
    await forward(branch, request, response);
  }
}

const server = http.createServer((request, response) => {
  serve(request, response).catch(() => response.destroy());
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.stdin.on('end', () => process.exit()).resume();
