import {
  type Configuration,
  createConfiguration,
  type RequestContext,
  ResponseContext,
  ServerConfiguration,
  wrapHttpLibrary,
} from '@kubernetes/client-node';
import type { RestTransport } from '../rest/rest-transport.ts';

/** The generated API wants an absolute address; the transport knows the real one. */
const PLACEHOLDER_URL = 'http://kubernetes';

/**
 * Makes client-node's generated API speak through our transport: one warm connection, one way to retry and to
 * renew credentials. By itself it opens a TLS connection for every call when a CA is set.
 */
export function createClientNodeConfiguration(transport: RestTransport): Configuration {
  return createConfiguration({
    baseServer: new ServerConfiguration(PLACEHOLDER_URL, {}),
    httpApi: wrapHttpLibrary({ send: (request) => send(transport, request) }),
  });
}

async function send(transport: RestTransport, request: RequestContext): Promise<ResponseContext> {
  const url = new URL(request.getUrl());
  const body = request.getBody();
  const {
    status,
    headers,
    body: text,
  } = await transport.send({
    method: request.getHttpMethod(),
    path: `${url.pathname}${url.search}`,
    contentType: request.getHeaders()['Content-Type'],
    body: body === undefined ? undefined : String(body),
  });
  return new ResponseContext(
    status,
    { ...headers },
    {
      text: async () => text,
      binary: async () => Buffer.from(text),
      stream: () => null,
    },
  );
}
