import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTokenIssuer, idTokenClaims, type TokenIssuer } from './token-issuer.ts';

/** How the metadata server answers: as it should, with a status of its own, or not at all. */
export type MetadataMood = 'well' | 'hang' | { readonly status: number };

export type MetadataServerOptions = {
  readonly email?: string;
  readonly projectId?: string;
  /** Lifetime of an access token, read at each request. Default 3599, as Google's. */
  readonly expiresInSeconds?: () => number;
  /** Signs the ID tokens. Default: somebody of its own. */
  readonly issuer?: TokenIssuer;
  /** Epoch ms. */
  readonly now?: () => number;
};

export type MetadataRequest = { readonly path: string; readonly query: URLSearchParams };

/** A stand-in for Google's metadata server. */
export type MetadataServer = {
  /** `127.0.0.1:PORT`, the value of `GCE_METADATA_HOST`. */
  readonly host: string;
  /** Every request that carried the header, in order. */
  readonly requests: readonly MetadataRequest[];
  /** Access tokens in the order they were handed out: `access-token-1`, `access-token-2` … */
  readonly accessTokens: readonly string[];
  readonly setMood: (mood: MetadataMood) => void;
  readonly close: () => Promise<void>;
};

type Answer = { readonly status: number; readonly body: string; readonly type?: string };
type State = { mood: MetadataMood; readonly requests: MetadataRequest[]; readonly accessTokens: string[] };
type Settings = Required<MetadataServerOptions>;

const PREFIX = '/computeMetadata/v1/';
const FLAVOR = 'Google';
const DEFAULTS: Omit<Settings, 'issuer'> = {
  email: 'dormouse@test-project.iam.gserviceaccount.com',
  projectId: 'test-project',
  expiresInSeconds: () => 3_599,
  now: Date.now,
};

/**
 * Starts a metadata server on 127.0.0.1: access tokens, ID tokens, email, project id. Requests without
 * `Metadata-Flavor: Google` are refused. It hands out a new access token each time, so that tests can tell them apart.
 *
 * Only an ID token in the `full` format says whose it is.
 *
 * Source: Google Cloud, "About VM metadata"; the real one repeats a token until shortly before it expires.
 */
export async function startMetadataServer(options: MetadataServerOptions = {}): Promise<MetadataServer> {
  const settings = { ...DEFAULTS, issuer: options.issuer ?? createTokenIssuer(), ...options };
  const state: State = { mood: 'well', requests: [], accessTokens: [] };
  const server = createServer((request, response) => respond({ request, response, state, settings }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    requests: state.requests,
    accessTokens: state.accessTokens,
    setMood: (mood) => {
      state.mood = mood;
    },
    close: () => closeServer(server),
  };
}

type Exchange = { request: IncomingMessage; response: ServerResponse; state: State; settings: Settings };

function respond({ request, response, state, settings }: Exchange): void {
  const url = new URL(request.url ?? '/', 'http://metadata');
  const isAllowed = request.headers['metadata-flavor'] === FLAVOR;
  if (isAllowed) state.requests.push({ path: url.pathname, query: url.searchParams });
  const { mood } = state;
  if (!isAllowed) send(response, { status: 403, body: 'Missing Metadata-Flavor:Google header.' });
  else if (mood === 'well') send(response, answerTo(url, state, settings));
  else if (mood !== 'hang') send(response, { status: mood.status, body: 'told to fail' });
}

function answerTo(url: URL, state: State, settings: Settings): Answer {
  const path = url.pathname.replace(PREFIX, '').replace(settings.email, 'default');
  switch (path.replace('instance/service-accounts/default/', 'account/')) {
    case 'account/token':
      return accessToken(state, settings);
    case 'account/identity':
      return identity(url.searchParams, settings);
    case 'account/email':
      return text(settings.email);
    case 'project/project-id':
      return text(settings.projectId);
    case 'universe/universe-domain':
    case 'universe/universe_domain':
      return text('googleapis.com');
    case '/computeMetadata/v1':
    case '':
    case 'instance':
    case 'instance/':
      return text('instance/\nproject/\n');
    default:
      return { status: 404, body: 'not found' };
  }
}

function accessToken(state: State, settings: Settings): Answer {
  const token = `access-token-${state.accessTokens.length + 1}`;
  state.accessTokens.push(token);
  const body = { access_token: token, expires_in: settings.expiresInSeconds(), token_type: 'Bearer' };
  return { status: 200, body: JSON.stringify(body), type: 'application/json' };
}

function identity(query: URLSearchParams, { email, issuer, now }: Settings): Answer {
  const audience = query.get('audience') ?? '';
  if (audience === '') return { status: 400, body: 'non-empty audience parameter required' };
  const { email: _, email_verified: __, ...standard } = idTokenClaims({ audience, email, nowMs: now() });
  const full = { ...standard, email, email_verified: true };
  return text(issuer.sign(query.get('format') === 'full' ? full : standard));
}

function text(body: string): Answer {
  return { status: 200, body };
}

function send(response: ServerResponse, { status, body, type = 'application/text' }: Answer): void {
  const headers = { 'metadata-flavor': FLAVOR, server: 'Metadata Server for VM', 'content-type': type };
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections(); // those that were told to hang
  await closed;
}
