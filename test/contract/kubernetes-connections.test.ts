import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect as connectSocket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createGkeCluster } from '../../shared/adapters/kubernetes/gke-cluster.ts';
import { loadKubeconfigConnection } from '../../shared/adapters/kubernetes/kubeconfig-connection.ts';
import {
  createProxyConnection,
  type KubernetesConnection,
} from '../../shared/adapters/kubernetes/kubernetes-connection.ts';
import { createRestTransport, type RestTransport } from '../../shared/adapters/rest/rest-transport.ts';
import { describeWith, partPath } from '../parts/part.ts';
import { type ControlPlane, startControlPlane } from '../world/control-plane.ts';
import { startGuarded } from '../world/guarded-process.ts';
import { createKubernetesApi } from '../world/kubernetes-api.ts';

const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
let folder = '';
const inFolder = (file: string) => path.join(folder, file);

describeWith(['control-plane'], 'connections to a real API server', () => {
  let controlPlane: ControlPlane;
  const transports: RestTransport[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'dormouse-connections-'));
    createClientCertificate();
    controlPlane = await startControlPlane({
      assets: partPath('control-plane'),
      users: { bob: {} },
      withControllers: false,
      clientCaFile: inFolder('ca.crt'),
    });
    writeKubeconfig(controlPlane);
    const api = createKubernetesApi(controlPlane.server());
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => api.create(DEPLOYMENTS, deployment(name))));
    api.close();
  });

  afterAll(async () => {
    for (const transport of transports) transport.close();
    await controlPlane?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function open({ url, tls, authorize }: KubernetesConnection): RestTransport {
    const transport = createRestTransport({
      baseUrl: url,
      tls,
      authorize,
      now: Date.now,
      random: Math.random,
    });
    transports.push(transport);
    return transport;
  }

  function asAdmin(url = controlPlane.url): KubernetesConnection {
    const authorize = async () => ({ authorization: `Bearer ${controlPlane.token('admin')}` });
    return { url, authorize, tls: { ca: controlPlane.ca } };
  }

  test.for([
    ['token', 'bob'],
    ['certificate', 'certified'],
    ['plugin', 'bob'],
    ['impersonation', 'alice'],
  ] as const)('loadKubeconfigConnection connects by %s', async ([context, user]) => {
    const connection = await loadKubeconfigConnection({ file: inFolder('kubeconfig.json'), context });
    expect(await whoAmI(open(connection))).toBe(user);
  });

  test('loadKubeconfigConnection takes the current context when none is named', async () => {
    const connection = await loadKubeconfigConnection({ file: inFolder('kubeconfig.json') });
    expect(connection.url).toBe(controlPlane.url);
    expect(await whoAmI(open(connection))).toBe('bob');
  });

  test('loadKubeconfigConnection starts its plugin again when a token was refused', async () => {
    const file = inFolder('kubeconfig.json');
    writeFileSync(inFolder('plugin-token'), 'expired');
    const transport = open(await loadKubeconfigConnection({ file, context: 'plugin' }));
    expect(await whoAmI(transport)).toBe('401');
    writeFileSync(inFolder('plugin-token'), controlPlane.token('bob'));
    expect(await whoAmI(transport)).toBe('bob');
  });

  test.for([
    ['nowhere', /no cluster for the context "nowhere"/],
    ['nobody', /no user for the context "nobody"/],
    ['proxied', /needs a proxy/],
  ] as const)('loadKubeconfigConnection refuses the context %s and says why', async ([context, reason]) => {
    await expect(loadKubeconfigConnection({ file: inFolder('kubeconfig.json'), context })).rejects.toThrow(
      reason,
    );
  });

  test('loadKubeconfigConnection needs no user where the server is a local proxy', async () => {
    const connection = await loadKubeconfigConnection({
      file: inFolder('kubeconfig.json'),
      context: 'plain',
    });
    expect(connection.url).toBe('http://127.0.0.1:8001');
    expect(await connection.authorize({ renew: false })).toEqual({});
  });

  test('loadInClusterConnection connects as a pod does, and reads a token that was replaced', async () => {
    const account = inFolder('var/run/secrets/kubernetes.io/serviceaccount');
    mkdirSync(account, { recursive: true });
    writeFileSync(path.join(account, 'ca.crt'), controlPlane.ca);
    writeFileSync(path.join(account, 'token'), 'first\n');
    const { hostname, port } = new URL(controlPlane.url);
    const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
    const probe = path.join(import.meta.dirname, 'probes/in-cluster-probe.ts');
    const args = [probe, folder, path.join(account, 'token'), 'second'];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    expect(JSON.parse(stdout)).toEqual({
      url: controlPlane.url,
      ca: controlPlane.ca,
      before: { Authorization: 'Bearer first' },
      after: { Authorization: 'Bearer second' },
    });
  });

  test('createProxyConnection works through kubectl proxy', async () => {
    const kubectl = path.join(partPath('control-plane'), 'kubectl');
    const args = [`--kubeconfig=${controlPlane.kubeconfigFile}`, 'proxy', '--port=0'];
    const proxy = startGuarded(kubectl, args);
    await expect.poll(() => proxy.output(), { timeout: 10_000 }).toMatch(/127\.0\.0\.1:\d+/);
    const [address] = /127\.0\.0\.1:\d+/.exec(proxy.output()) ?? [];
    const transport = open(createProxyConnection(`http://${address}/`));
    const cluster = createGkeCluster({ transport, namespace: 'default' });
    expect(await cluster.raise('deployment/a', 3)).toBe('raised');
    const { resourceVersion = '' } = (await cluster.readWorkload('deployment/a')) ?? {};
    expect(await cluster.lower('deployment/a', resourceVersion)).toBe('lowered');
    await proxy.stop();
  });

  test('twenty calls by both adapters need one TLS connection although a CA is set', async () => {
    const relay = await startRelay(Number(new URL(controlPlane.url).port));
    const cluster = createGkeCluster({ transport: open(asAdmin(relay.url)), namespace: 'default' });
    for (let call = 0; call < 10; call++) {
      await cluster.readWorkload('deployment/b');
      expect(await cluster.lower('deployment/b', '1')).toBe('conflict');
    }
    expect(relay.connections()).toBe(1);
    await relay.close();
  });

  test('a call succeeds after the API server has started anew', async () => {
    const cluster = createGkeCluster({ transport: open(asAdmin()), namespace: 'default' });
    expect(await cluster.readWorkload('deployment/b')).toMatchObject({ name: 'b' });
    await controlPlane.restartApiServer();
    expect(await cluster.readWorkload('deployment/b')).toMatchObject({ name: 'b' });
  });

  test('listWorkloads begins anew when its position in the list has expired', async () => {
    await controlPlane.forgetHistory();
    const statuses: number[] = [];
    const transport = expireFirstPosition(open(asAdmin()), statuses);
    const cluster = createGkeCluster({ transport, namespace: 'default', pageSize: 2 });
    const names = (await cluster.listWorkloads()).map(({ name }) => name);
    expect(statuses).toContain(410);
    expect(names).toEqual(['a', 'b', 'c', 'd', 'e']);
  });
});

async function whoAmI(transport: RestTransport): Promise<string> {
  const { status, body } = await transport.send({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }),
  });
  return status === 201 ? JSON.parse(body).status.userInfo.username : String(status);
}

function deployment(name: string): object {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'app:1' }] } };
  return { metadata: { name }, spec: { replicas: 0, selector: { matchLabels: labels }, template } };
}

/** A position is a text of the server's own; this takes its version back to the beginning of time. */
function takeBack(position: string): string {
  const parsed = JSON.parse(Buffer.from(position, 'base64url').toString());
  return Buffer.from(JSON.stringify({ ...parsed, rv: 1 })).toString('base64url');
}

function expireFirstPosition(transport: RestTransport, statuses: number[]): RestTransport {
  let isDone = false;
  return {
    ...transport,
    send: async (request) => {
      const position = request.query?.continue;
      const isFirst = typeof position === 'string' && !isDone;
      if (isFirst) isDone = true;
      const query = isFirst ? { ...request.query, continue: takeBack(position) } : request.query;
      const answer = await transport.send({ ...request, query });
      statuses.push(answer.status);
      return answer;
    },
  };
}

/** Passes bytes on and counts the connections. */
async function startRelay(port: number) {
  let connections = 0;
  const server = createServer((client) => {
    connections++;
    const upstream = connectSocket(port, '127.0.0.1');
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream])
      socket.on('error', () => [client, upstream].map((s) => s.destroy()));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    close: async () => void server.close(),
  };
}

function createClientCertificate(): void {
  const openssl = (command: string) =>
    execFileSync('openssl', command.split(' '), { cwd: folder, stdio: 'ignore' });
  openssl('req -x509 -newkey rsa:2048 -nodes -subj /CN=clients -keyout ca.key -out ca.crt -days 2');
  openssl('req -newkey rsa:2048 -nodes -subj /CN=certified -keyout client.key -out client.csr');
  openssl('x509 -req -in client.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out client.crt -days 2');
}

function writeKubeconfig({ url, caFile, token }: ControlPlane): void {
  const cluster = { server: url, 'certificate-authority': caFile };
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: inFolder('plugin'),
    interactiveMode: 'Never',
  };
  const users = {
    token: { token: token('bob') },
    certificate: { 'client-certificate': 'client.crt', 'client-key': 'client.key' },
    plugin: { exec },
    impersonation: { token: token('admin'), as: 'alice' },
  };
  const credential = `{"apiVersion":"${exec.apiVersion}","kind":"ExecCredential","status":{"token":"'$token'"}}`;
  writeFileSync(inFolder('plugin-token'), token('bob'));
  writeFileSync(
    inFolder('plugin'),
    `#!/bin/sh\ntoken=$(cat ${inFolder('plugin-token')})\necho '${credential}'\n`,
    { mode: 0o755 },
  );
  const contexts = Object.keys(users).map((user) => ({ name: user, context: { cluster: 'real', user } }));
  writeFileSync(
    inFolder('kubeconfig.json'),
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'token',
      clusters: [
        { name: 'real', cluster },
        { name: 'plain', cluster: { server: 'http://127.0.0.1:8001/' } },
        { name: 'proxied', cluster: { ...cluster, 'proxy-url': 'http://127.0.0.1:3128' } },
      ],
      users: Object.entries(users).map(([name, user]) => ({ name, user })),
      contexts: [
        ...contexts,
        { name: 'plain', context: { cluster: 'plain', user: 'nobody' } },
        { name: 'nobody', context: { cluster: 'real', user: 'nobody' } },
        { name: 'proxied', context: { cluster: 'proxied', user: 'token' } },
      ],
    }),
  );
}
