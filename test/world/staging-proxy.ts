import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { rootCertificates } from 'node:tls';
import { findFreePorts } from './free-ports.ts';
import { startNginx } from './nginx-process.ts';

/** The template's variables, as Terraform passes them: the comments of the template say what each is for. */
export type StagingProxyVariables = {
  /** Where visitors arrive: the operand of nginx's `listen`. */
  readonly listen: string;
  readonly relay_port: number;
  /** Where a request comes back for another round of waiting. */
  readonly again_port: number;
  /** One or more DNS servers, separated by blanks. */
  readonly resolver: string;
  /** What follows the branch in its Service's address: `staging.svc.cluster.local:80`. */
  readonly service_domain: string;
  readonly wake_function_scheme: 'http' | 'https';
  /** The name that the function goes by: the Host header, and the name in its certificate. */
  readonly wake_function_host: string;
  /**
   * `wake_function` for the pool of kept connections to `wake_function_server`, or HOST:PORT, which is looked up at
   * every call and keeps no connection (the only way to call a name before nginx 1.27.3).
   */
  readonly wake_function_authority: string;
  /** ADDRESS:PORT, `HOST:PORT resolve` (from nginx 1.27.3 on), or `127.0.0.1:9 down` where the pool is not used. */
  readonly wake_function_server: string;
  readonly wake_function_audience: string;
  /** PEM file: who may sign the function's certificate. */
  readonly ca_certificates: string;
  readonly metadata_host: string;
  /** How long a token is kept without asking again, in nginx's notation. */
  readonly identity_cache_time: string;
  readonly touches_per_minute: number;
  /** Signs of background activity that are passed on of each branch. */
  readonly background_per_minute: number;
  readonly heartbeats_per_minute: number;
  /** Regular expressions, joined by `|`; `(?!)` for none. They are no visit, and wake nothing. */
  readonly known_robots: string;
  readonly robot_agents: string;
  readonly ignored_paths: string;
  /** As above, and get no answer at all while the branch is asleep. */
  readonly development_paths: string;
  /** Lines of nginx's `geo`: `proxy NETWORK;` each, whose X-Forwarded-For is believed. */
  readonly trusted_proxies: string;
  /** Lines of nginx's `geo`: `NETWORK 1;` each, whose requests are no visit. */
  readonly ignored_networks: string;
  /** How long an application may be silent, in nginx's notation. */
  readonly application_timeout: string;
  /** The wake function's own: how long it lets a request wait at most, counted from the request's arrival. */
  readonly hold_limit_seconds: number;
  /** Requests that may wait at a time. */
  readonly held_per_branch: number;
  readonly held_in_all: number;
  /** Waiting pages that may listen at a time. */
  readonly progress_per_branch: number;
  /** A request with this header wakes a branch whoever sends it; in nginx's notation: `x_dormouse_wake`. */
  readonly wake_header: string;
  readonly worker_processes: number | 'auto';
  readonly worker_connections: number;
  readonly open_files: number;
  readonly njs_module: string;
  /** Holds identity.js and the files that nginx.conf includes. */
  readonly config_folder: string;
  readonly temp_folder: string;
  /** An empty file for each open socket. Empty when nginx starts. */
  readonly connections_folder: string;
  readonly pid_file: string;
  readonly error_log: string;
  readonly access_log: string;
};

/** The patterns of `terraform/staging-proxy/visitors.json`. */
export type VisitorPatterns = {
  readonly robotAgents: readonly string[];
  readonly ignoredPaths: readonly string[];
  readonly developmentPaths: readonly string[];
};

export type StagingProxyOptions = {
  /** Path of nginx's executable. */
  readonly nginx: string;
  /** Path of njs; default is where Debian and the official image have it. */
  readonly njsModule?: string;
  /** Where visitors arrive, on 127.0.0.1. Default: a free port. */
  readonly port?: number;
  /** Port of the DNS server on 127.0.0.1. */
  readonly dnsPort: number;
  /** Domain and port of the Services: `staging.svc.cluster.local:80`. */
  readonly serviceDomain: string;
  /** URL of the wake function, also the audience of the identity token. A name is looked up at every call. */
  readonly wakeFunction: string;
  /** `127.0.0.1:PORT` of the metadata server. */
  readonly metadataHost: string;
  /** How many times as fast as production's the clock of the throttles runs. Default 1. */
  readonly speed?: number;
  /** Replaces any variable. */
  readonly variables?: Partial<StagingProxyVariables>;
};

/** One request, as nginx logged it. */
export type LogLine = Readonly<Record<string, string>>;

/** A staging-proxy at work. */
export type StagingProxy = {
  readonly port: number;
  readonly url: string;
  /** Where its files are. */
  readonly folder: string;
  /** Of nginx's master process. */
  readonly pid: number;
  /** Has new workers take over; those at work finish what they have. */
  readonly reload: () => void;
  /** Ends every process at once, as when a node dies. The folder stays, for `start`. */
  readonly kill: () => Promise<void>;
  /** Starts it again after `kill`, with the same folder, ports and configuration. */
  readonly start: () => Promise<void>;
  /** Ends it and removes its folder. */
  readonly stop: () => Promise<void>;
  readonly errorLog: () => string;
  readonly accessLog: () => readonly LogLine[];
};

const SOURCE = path.resolve(import.meta.dirname, '../../terraform/staging-proxy');
const NJS_MODULE = '/usr/lib/nginx/modules/ngx_http_js_module.so';
const TOUCHES_PER_MINUTE = 4;
const HEARTBEATS_PER_MINUTE = 1;
const BACKGROUND_PER_MINUTE = 1;
/** Google's load balancer gives up after 30 s by default. */
const HOLD_LIMIT_SECONDS = 25;

/** The patterns of requests that are no visit, one definition for Terraform, tests and demo. */
export function readVisitorPatterns(): VisitorPatterns {
  return JSON.parse(readFileSync(path.join(SOURCE, 'visitors.json'), 'utf8'));
}

/**
 * Renders nginx.conf from the template as Terraform's `templatefile()` does.
 * @throws Error if the template names a variable that is not there
 */
export function renderStagingProxy(variables: StagingProxyVariables): string {
  const values = new Map(Object.entries(variables));
  const template = readFileSync(path.join(SOURCE, 'nginx.conf.tftpl'), 'utf8');
  return template.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`nginx.conf.tftpl has a variable without a value: ${name}`);
    return String(value);
  });
}

/**
 * Starts a real nginx on 127.0.0.1, in a folder of its own, as root or as anybody. Resolves once it accepts
 * connections. Its processes end with this one.
 * @throws Error with nginx's own words when it does not start
 */
export async function startStagingProxy(options: StagingProxyOptions): Promise<StagingProxy> {
  const folder = createFolder();
  const [freePort = 0, relayPort = 0, againPort = 0] = await findFreePorts(3);
  const port = options.port ?? freePort;
  const variables = {
    ...stagingProxyVariables(options, { folder, port, relayPort, againPort }),
    ...options.variables,
  };
  writeFileSync(path.join(folder, 'nginx.conf'), renderStagingProxy(variables));
  const place = { nginx: options.nginx, folder, port };
  const removeFolder = () => {
    rmSync(folder, { recursive: true, force: true });
    process.off('exit', removeFolder);
  };
  process.on('exit', removeFolder);
  let nginx = await startNginx(place).catch((error) => {
    removeFolder();
    throw error;
  });
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    folder,
    get pid() {
      return nginx.pid;
    },
    reload: () => nginx.reload(),
    kill: () => nginx.kill(),
    start: async () => {
      nginx = await startNginx(place);
    },
    stop: async () => {
      await nginx.stop();
      removeFolder();
    },
    errorLog: () => readLog(folder, 'error.log'),
    accessLog: () => parseLines(readLog(folder, 'access.log')),
  };
}

/** Where one staging-proxy lives. */
export type StagingProxyPlace = {
  readonly folder: string;
  readonly port: number;
  readonly relayPort: number;
  readonly againPort: number;
};

/** What tests and the demo use: production's figures, places in one folder. */
export function stagingProxyVariables(
  options: StagingProxyOptions,
  place: StagingProxyPlace,
): StagingProxyVariables {
  const inFolder = (name: string) => path.join(place.folder, name);
  const speed = options.speed ?? 1;
  return {
    listen: `127.0.0.1:${place.port}`,
    relay_port: place.relayPort,
    again_port: place.againPort,
    resolver: `127.0.0.1:${options.dnsPort}`,
    service_domain: options.serviceDomain,
    ...wakeFunctionVariables(new URL(options.wakeFunction)),
    ca_certificates: inFolder('ca.pem'),
    metadata_host: options.metadataHost,
    identity_cache_time: '1m',
    touches_per_minute: Math.round(TOUCHES_PER_MINUTE * speed),
    background_per_minute: Math.round(BACKGROUND_PER_MINUTE * speed),
    heartbeats_per_minute: Math.round(HEARTBEATS_PER_MINUTE * speed),
    ...visitorVariables(readVisitorPatterns()),
    trusted_proxies: '',
    ignored_networks: '',
    application_timeout: '1h',
    hold_limit_seconds: HOLD_LIMIT_SECONDS,
    held_per_branch: 1_100,
    held_in_all: 4_000,
    progress_per_branch: 20,
    wake_header: 'x_dormouse_wake',
    worker_processes: 1,
    worker_connections: 16_384,
    open_files: 20_000,
    njs_module: options.njsModule ?? NJS_MODULE,
    config_folder: SOURCE,
    temp_folder: inFolder('temp'),
    connections_folder: inFolder('temp/connections'),
    pid_file: inFolder('nginx.pid'),
    error_log: inFolder('error.log'),
    access_log: inFolder('access.log'),
  };
}

/** An address goes through the pool of kept connections; a name is looked up at every call. */
function wakeFunctionVariables(url: URL) {
  const isHttps = url.protocol === 'https:';
  const authority = `${url.hostname}:${url.port || (isHttps ? 443 : 80)}`;
  const isAddress = /^[\d.]+$/.test(url.hostname);
  return {
    wake_function_scheme: isHttps ? ('https' as const) : ('http' as const),
    wake_function_host: url.hostname,
    wake_function_authority: isAddress ? 'wake_function' : authority,
    wake_function_server: isAddress ? authority : '127.0.0.1:9 down',
    wake_function_audience: url.origin,
  };
}

function visitorVariables(patterns: VisitorPatterns) {
  const joined = (list: readonly string[]) => list.join('|') || '(?!)';
  return {
    known_robots: joined(patterns.robotAgents),
    robot_agents: '^(?!)', // a team adds none
    ignored_paths: joined(patterns.ignoredPaths),
    development_paths: joined(patterns.developmentPaths),
  };
}

function createFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'staging-proxy-'));
  // Started by root, nginx's workers are somebody else, who must get to the spool folders inside.
  chmodSync(folder, 0o711);
  mkdirSync(path.join(folder, 'temp'), { mode: 0o711 });
  writeFileSync(path.join(folder, 'ca.pem'), rootCertificates.join('\n'));
  return folder;
}

function readLog(folder: string, name: string): string {
  const file = path.join(folder, name);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

function parseLines(log: string): LogLine[] {
  return log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
