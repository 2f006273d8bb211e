import type { RequestOptions } from 'node:https';
import { type Cluster, KubeConfig } from '@kubernetes/client-node';
import type { TlsOptions } from '../rest/rest-transport.ts';
import type { KubernetesConnection } from './kubernetes-connection.ts';

export type KubeconfigOptions = {
  /** Default: `$KUBECONFIG`, else `~/.kube/config`. */
  readonly file?: string | undefined;
  /** Default: the file's current one. */
  readonly context?: string | undefined;
};

/**
 * Reads how to reach a cluster from a kubeconfig: client certificates, tokens, exec plugins. A renewal reads it
 * again and starts its plugin anew; a client certificate stays what it was.
 *
 * @throws Error when the context is unknown, has no user for https, or needs a proxy
 */
export async function loadKubeconfigConnection(
  options: KubeconfigOptions = {},
): Promise<KubernetesConnection> {
  return connect(() => readKubeconfig(options));
}

/**
 * Reads how to reach the cluster that this process runs in, as its pod's service account. The token is read
 * again every minute and at a renewal: Kubernetes replaces it.
 *
 * @param rootFolder where `/var/run/secrets` lies
 */
export async function loadInClusterConnection(rootFolder = ''): Promise<KubernetesConnection> {
  return connect(() => {
    const kubeconfig = new KubeConfig();
    kubeconfig.loadFromCluster(rootFolder);
    return kubeconfig;
  });
}

async function connect(load: () => KubeConfig): Promise<KubernetesConnection> {
  let kubeconfig = load();
  const { server } = usableCluster(kubeconfig);
  const { tls } = await readCredentials(kubeconfig);
  return {
    url: server.replace(/\/+$/, ''),
    tls,
    authorize: async ({ renew }) => {
      if (renew) kubeconfig = load();
      return (await readCredentials(kubeconfig)).headers;
    },
  };
}

function readKubeconfig({ file, context }: KubeconfigOptions): KubeConfig {
  const kubeconfig = new KubeConfig();
  if (file === undefined) kubeconfig.loadFromDefault();
  else kubeconfig.loadFromFile(file);
  if (context !== undefined) kubeconfig.setCurrentContext(context);
  // client-node refuses plain HTTP without this, and there is no certificate to check.
  kubeconfig.clusters = kubeconfig.clusters.map((cluster) =>
    cluster.server.startsWith('http:') ? { ...cluster, skipTLSVerify: true } : cluster,
  );
  return kubeconfig;
}

function usableCluster(kubeconfig: KubeConfig): Cluster {
  const context = JSON.stringify(kubeconfig.getCurrentContext());
  const cluster = kubeconfig.getCurrentCluster();
  if (cluster === null) throw new Error(`the kubeconfig has no cluster for the context ${context}`);
  if (cluster.proxyUrl) {
    throw new Error(`the cluster ${cluster.name} needs a proxy, which is not supported: use kubectl proxy`);
  }
  if (cluster.server.startsWith('https:') && kubeconfig.getCurrentUser() === null) {
    throw new Error(`the kubeconfig has no user for the context ${context}`);
  }
  return cluster;
}

async function readCredentials(
  kubeconfig: KubeConfig,
): Promise<{ tls: TlsOptions; headers: Record<string, string> }> {
  const options: RequestOptions = {};
  await kubeconfig.applyToHTTPSOptions(options);
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  const tls = Object.entries({ ca, cert, key, servername, rejectUnauthorized });
  return {
    tls: Object.fromEntries(tls.filter(([, value]) => value !== undefined)),
    headers: { ...readHeaders(options), ...readBasicAuth(options) },
  };
}

/** Token files may end with a line feed, which no header can hold. */
function readHeaders({ headers = {} }: RequestOptions): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value).trim()]));
}

function readBasicAuth({ auth }: RequestOptions): Record<string, string> {
  return auth ? { Authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {};
}
