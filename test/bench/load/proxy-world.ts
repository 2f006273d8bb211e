import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { startDns } from '../../world/dns.ts';
import { startMetadataServer } from '../../world/metadata-server.ts';
import { type StagingProxy, startStagingProxy } from '../../world/staging-proxy.ts';
import { type NginxOf, startNginxOf } from '../competitors/start-nginx-of.ts';
import { startProgram } from '../competitors/start-program.ts';

/** nginx with Dormouse and nginx without it, before the same application that is always awake. */
export type ProxyWorld = {
  readonly dormouse: StagingProxy;
  readonly plain: NginxOf;
  /** Hosts of the touches that nginx sent on to the function, in order. */
  readonly touches: readonly string[];
  readonly stop: () => Promise<void>;
};

/** What the branch is: an application in Node that says hello, or an nginx that does, which costs next to nothing. */
export type Application = 'node' | 'nginx';

const DOMAIN = 'staging.svc.cluster.local';

/** Starts both, with production's throttles. What stands for the function does nothing but count. */
export async function startProxyWorld(
  nginx: string,
  application: Application = 'nginx',
): Promise<ProxyWorld> {
  await using starting = new AsyncDisposableStack();
  const branch = starting.adopt(await startApplication(nginx, application), (one) => one.stop());
  const dns = starting.adopt(await startDns({ resolve: () => '127.0.0.1' }), (one) => one.close());
  const metadata = starting.adopt(await startMetadataServer(), (one) => one.close());
  const wake = starting.adopt(await startCounter(), (one) => one.stop());
  const serviceDomain = `${DOMAIN}:${branch.port}`;
  const values = { RESOLVER: `127.0.0.1:${dns.port}`, SERVICE_DOMAIN: serviceDomain };
  const plain = starting.adopt(await startNginxOf(nginx, 'plain-proxy.conf', values), (one) => one.stop());
  const dormouse = starting.adopt(
    await startStagingProxy({
      nginx,
      dnsPort: dns.port,
      serviceDomain,
      wakeFunction: `http://127.0.0.1:${wake.port}`,
      metadataHost: metadata.host,
    }),
    (one) => one.stop(),
  );
  const started = starting.move();
  return { dormouse, plain, touches: wake.hosts, stop: () => started.disposeAsync() };
}

function startApplication(nginx: string, application: Application) {
  return application === 'node' ? startProgram('application.ts') : startNginxOf(nginx, 'application.conf');
}

async function startCounter() {
  const hosts: string[] = [];
  const server = http.createServer((request, response) => {
    hosts.push(String(request.headers['x-dormouse-host']));
    response.writeHead(204).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    hosts,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
