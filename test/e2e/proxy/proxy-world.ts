import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { partPath } from '../../parts/part.ts';
import { type Resolve, startDns } from '../../world/dns.ts';
import {
  type MetadataServer,
  type MetadataServerOptions,
  startMetadataServer,
} from '../../world/metadata-server.ts';
import {
  type StagingProxy,
  type StagingProxyVariables,
  startStagingProxy,
} from '../../world/staging-proxy.ts';
import { type Answer, type Visit, visit } from './exchange.ts';
import { type RawApplication, startRawApplication } from './raw-application.ts';
import { type Certificate, startWakeStandIn, type WakeStandIn } from './wake-stand-in.ts';

export type ProxyWorldOptions = {
  /** URL of the wake function, if it is not to be the stand-in's address. */
  readonly wakeFunction?: (port: number) => string;
  /** Whether names can be looked up; asked at every question. */
  readonly isDnsWell?: () => boolean;
  readonly speed?: number;
  /** Has the stand-in speak TLS. */
  readonly certificate?: Certificate;
  readonly metadata?: MetadataServerOptions;
  readonly variables?: Partial<StagingProxyVariables>;
};

/** A real staging-proxy among plain servers: applications, DNS, metadata server, wake function. */
export type ProxyWorld = {
  readonly proxy: StagingProxy;
  readonly wake: WakeStandIn;
  readonly metadata: MetadataServer;
  /** Serves every branch but those whose name begins with `refused`, `dropping`, `unknown`, `broken` or `asleep`. */
  readonly application: RawApplication;
  readonly visit: (request: Visit) => Promise<Answer>;
  /** Has something end together with the world. */
  readonly onClose: (end: () => void) => void;
  readonly close: () => Promise<void>;
};

/** An address of this machine that nobody listens on: connections are refused, as by a Service without endpoints. */
const REFUSING = '127.0.0.2';
/** TEST-NET-1, where nobody is: packets are dropped, or the network says that there is no way. */
const DROPPING = '192.0.2.1';
const WAIT_MS = 5_000;
const POLL_MS = 10;

export async function startProxyWorld(options: ProxyWorldOptions = {}): Promise<ProxyWorld> {
  const [wake, metadata, application] = await Promise.all([
    startWakeStandIn(options.certificate),
    startMetadataServer(options.metadata),
    startRawApplication(),
  ]);
  const isDnsWell = options.isDnsWell ?? (() => true);
  const dns = await startDns({ resolve: (name) => (isDnsWell() ? addressesOf(name) : 'servfail') });
  const proxy = await startStagingProxy({
    nginx: partPath('nginx'),
    dnsPort: dns.port,
    serviceDomain: `staging.svc.cluster.local:${application.port}`,
    wakeFunction: options.wakeFunction?.(wake.port) ?? wake.url,
    metadataHost: metadata.host,
    speed: options.speed ?? 1,
    variables: options.variables ?? {},
  });
  const ends: (() => void)[] = [];
  return {
    proxy,
    wake,
    metadata,
    application,
    visit: (request) => visit(proxy.port, request),
    onClose: (end) => void ends.push(end),
    close: async () => {
      for (const end of ends) end();
      await proxy.stop();
      await Promise.all([wake.close(), metadata.close(), application.close(), dns.close()]);
    },
  };
}

function addressesOf(name: string): ReturnType<Resolve> {
  if (name.startsWith('refused')) return REFUSING;
  if (name.startsWith('unknown')) return undefined;
  if (name.startsWith('broken')) return 'servfail';
  const [, pod] = /^asleep-(\d+)--g/.exec(name) ?? [];
  if (pod !== undefined) return `127.0.1.${pod}`;
  if (name.startsWith('dropping')) return DROPPING;
  if (name.startsWith('two-pods')) return ['127.0.0.1', '127.0.0.1'];
  return '127.0.0.1';
}

/** A world of one test: it ends with it, however the test ends. */
export async function startProxyWorldForTest(options: ProxyWorldOptions = {}): Promise<ProxyWorld> {
  const world = await startProxyWorld(options);
  onTestFinished(world.close);
  return world;
}

/** Waits until the function was called for each of these hosts. */
export async function called(wake: WakeStandIn, ...hosts: readonly string[]): Promise<void> {
  const missing = () => hosts.filter((host) => !wake.hosts().includes(host));
  await until(
    () => missing().length === 0,
    () => `the function was not called for ${missing().join(', ')}`,
  );
}

/**
 * Waits until a condition holds.
 * @throws Error with the complaint after 5 s, or the time given
 */
export async function until(
  holds: () => boolean,
  complaint: () => string,
  patienceMs = WAIT_MS,
): Promise<void> {
  const deadlineMs = Date.now() + patienceMs;
  while (!holds()) {
    if (Date.now() > deadlineMs) throw new Error(complaint());
    await delay(POLL_MS);
  }
}
