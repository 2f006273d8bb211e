import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';

/** Where an API server is and how its administrator speaks to it. */
export type KubernetesServer = {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** PEM of the authority that signed the server's certificate. */
  readonly ca?: string;
};

/** The API server refused, or could not be reached (`status` 0). */
export class KubernetesApiError extends Error {
  override readonly name = 'KubernetesApiError';
  readonly status: number;
  constructor(message: string, options: { readonly status: number; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.status = options.status;
  }
}

/** The administrator's side of a Kubernetes API. Paths begin with `/api` or `/apis` and may carry a query. */
export type KubernetesApi = {
  /** @throws KubernetesApiError on any answer but 2xx */
  readonly get: <T>(path: string) => Promise<T>;
  readonly create: <T>(path: string, body: object) => Promise<T>;
  /** A merge patch (RFC 7396): lists are replaced whole. */
  readonly patch: <T>(path: string, body: object) => Promise<T>;
  readonly delete: (path: string, options?: object) => Promise<void>;
  /** Opens a response and leaves its body to the caller; aborted by `signal`. */
  readonly stream: (path: string, signal: AbortSignal) => Promise<http.IncomingMessage>;
  readonly close: () => void;
};

type Send = {
  readonly method: string;
  readonly path: string;
  readonly body?: object | undefined;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
};

/** Its first word names who made a change, in `managedFields`. */
const USER_AGENT = 'administrator/1.0';
const CALL_TIMEOUT_MS = 10_000;

/** A client for the stand-ins of the world, over connections that are kept alive. It never repeats a call. */
export function createKubernetesApi(server: KubernetesServer): KubernetesApi {
  const isTls = server.url.startsWith('https:');
  const agent = isTls ? new https.Agent({ keepAlive: true }) : new http.Agent({ keepAlive: true });
  const open = (send: Send) => openResponse(server, agent, send);
  const call = async <T>(send: Send) =>
    readAnswer<T>(send, await open({ signal: AbortSignal.timeout(CALL_TIMEOUT_MS), ...send }));
  return {
    get: (path) => call({ method: 'GET', path }),
    create: (path, body) => call({ method: 'POST', path, body }),
    patch: (path, body) => call({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' }),
    delete: async (path, options) => void (await call({ method: 'DELETE', path, body: options })),
    stream: async (path, signal) => {
      const response = await open({ method: 'GET', path, signal });
      if (response.statusCode === 200) return response;
      return readAnswer({ method: 'GET', path }, response);
    },
    close: () => agent.destroy(),
  };
}

function openResponse(
  server: KubernetesServer,
  agent: http.Agent,
  { method, path, body, contentType = 'application/json', signal }: Send,
): Promise<http.IncomingMessage> {
  const url = new URL(path, server.url);
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    accept: 'application/json',
    'user-agent': USER_AGENT,
    ...server.headers,
    ...(payload === undefined
      ? {}
      : { 'content-type': contentType, 'content-length': Buffer.byteLength(payload) }),
  };
  const options = { method, headers, agent, signal, ca: server.ca };
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? https : http).request(url, options, resolve);
    request.on('error', (cause) =>
      reject(new KubernetesApiError(`${method} ${path}: ${cause.message}`, { status: 0, cause })),
    );
    request.end(payload);
  });
}

async function readAnswer<T>(send: Send, response: http.IncomingMessage): Promise<T> {
  const status = response.statusCode ?? 0;
  const body = await text(response).catch((cause) => {
    throw new KubernetesApiError(`${send.method} ${send.path}: answer cut short`, { status: 0, cause });
  });
  if (status >= 200 && status < 300) return JSON.parse(body) as T;
  throw new KubernetesApiError(`${send.method} ${send.path}: ${status} ${body.slice(0, 500)}`, { status });
}
