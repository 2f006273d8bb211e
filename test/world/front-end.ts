import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands for Google's front end: spreads calls over the instances of a function. */
export type FrontEnd = {
  readonly url: string;
  /** Takes an instance into the rotation, until the returned function is called. */
  readonly add: (instanceUrl: string) => () => void;
  /** Calls to this path that an instance has and has not answered, in all or of one instance. */
  readonly open: (path: string, instanceUrl?: string) => number;
  readonly close: () => Promise<void>;
};

type Call = { readonly path: string; readonly instance: string };

/**
 * Starts a front end without instances. It repeats nothing: who was sent to an instance that dies gets 503, and from
 * then on nobody is sent there.
 */
export async function startFrontEnd(): Promise<FrontEnd> {
  const instances = new Set<string>();
  const calls = new Set<Call>();
  const server = http.createServer((request, response) => {
    const [instance] = instances;
    if (instance === undefined) return refuse(response);
    instances.delete(instance); // and to the end of the line
    instances.add(instance);
    const call = { path: request.url ?? '', instance };
    calls.add(call);
    response.once('close', () => calls.delete(call));
    forward(instance, { request, response, onDeath: () => instances.delete(instance) });
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 });
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    add: (instanceUrl) => {
      instances.add(instanceUrl);
      return () => void instances.delete(instanceUrl);
    },
    open: (path, instanceUrl) =>
      [...calls].filter((call) => call.path === path && (instanceUrl ?? call.instance) === call.instance)
        .length,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

type Exchange = {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly onDeath: () => void;
};

function forward(instance: string, { request, response, onDeath }: Exchange): void {
  const { method, headers, url = '/' } = request;
  const outgoing = http.request(new URL(url, instance), { method, headers, agent: false });
  const die = () => {
    if (response.destroyed) return; // the caller left, and took the call with it
    onDeath();
    if (response.headersSent) response.destroy();
    else refuse(response);
  };
  outgoing.on('error', die).on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 0, answer.headers);
    response.flushHeaders();
    answer.on('error', die).pipe(response);
  });
  response.on('close', () => outgoing.destroy());
  request.pipe(outgoing);
}

function refuse(response: http.ServerResponse): void {
  response.writeHead(503, { 'content-type': 'text/plain' }).end('no instance is available\n');
}
