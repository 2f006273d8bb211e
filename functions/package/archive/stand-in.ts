import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';

/** Kubernetes, Firestore and the metadata server in one, as far as one visit to one branch goes. */
export type StandIn = {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly close: () => void;
};

const TIME = '2026-01-01T00:00:00Z';
const DEPLOYMENT = {
  metadata: { name: 'warm-up--g', resourceVersion: '1', generation: 1, creationTimestamp: TIME },
  spec: { replicas: 1, selector: { matchLabels: { app: 'warm-up' } } },
  status: { observedGeneration: 1 },
};
const TOKEN = { access_token: 'none', token_type: 'Bearer', expires_in: 3_600 };
const NOT_FOUND = { kind: 'Status', reason: 'NotFound' };

const ANSWERS: readonly (readonly [RegExp, object])[] = [
  [/:commit$/, { commitTime: TIME, writeResults: [{ updateTime: TIME }] }],
  [/\/token$/, TOKEN],
  [/\/deployments\/[^/]+$/, DEPLOYMENT],
  [/\/namespaces\/[^/]+\/[a-z]+$/, { metadata: { resourceVersion: '1' }, items: [] }],
];

export async function startStandIn(): Promise<StandIn> {
  const server = createServer((request, response) => {
    const answer = answerTo(request);
    response.writeHead(answer === NOT_FOUND ? 404 : 200, {
      'Content-Type': 'application/json',
      'Metadata-Flavor': 'Google',
    });
    request.resume().once('end', () => response.end(JSON.stringify(answer)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function answerTo({ url = '' }: IncomingMessage): object {
  const where = url.split('?')[0] ?? '';
  return ANSWERS.find(([path]) => path.test(where))?.[1] ?? NOT_FOUND;
}

/** A port that was free a moment ago. */
export async function findFreePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}
