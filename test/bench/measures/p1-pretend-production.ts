import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { KubernetesServer } from '../../world/kubernetes-api.ts';
import { startMetadataServer } from '../../world/metadata-server.ts';
import { startApiGate } from './p1-api-gate.ts';

export type PretendProductionOptions = {
  /** Where keys may be written. */
  readonly folder: string;
  readonly kubernetes: KubernetesServer;
  /** `127.0.0.1:PORT` */
  readonly firestoreHost: string;
};

/** What makes a function find Google's names here. */
export type PretendedProduction = {
  readonly env: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
};

const GKE = 'gke-bench.example';
const FIRESTORE = 'firestore.googleapis.com';
const AS_OWNER = { authorization: 'Bearer owner' };

/** Starts a metadata server and two gates that speak TLS by Google's names, which a function takes for the real ones. */
export async function pretendProduction(options: PretendProductionOptions): Promise<PretendedProduction> {
  const { folder, kubernetes, firestoreHost } = options;
  const certificate = await createCertificate(folder);
  const firestore = { url: `http://${firestoreHost}`, headers: AS_OWNER };
  const [metadata, gke, store] = await Promise.all([
    startMetadataServer(),
    startApiGate({ target: kubernetes, certificate }),
    startApiGate({ target: firestore, certificate }),
  ]);
  return {
    env: {
      K_SERVICE: 'wake',
      DORMOUSE_GKE_ENDPOINT: GKE,
      GCE_METADATA_HOST: metadata.host,
      METADATA_SERVER_DETECTION: 'assume-present',
      NODE_EXTRA_CA_CERTS: certificate.file,
      NODE_OPTIONS: `--import=${redirection({ [GKE]: gke.port, [FIRESTORE]: store.port })}`,
    },
    close: async () => void (await Promise.all([metadata.close(), gke.close(), store.close()])),
  };
}

async function createCertificate(folder: string) {
  const [key, file] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
  const names = `subjectAltName=DNS:${GKE},DNS:${FIRESTORE}`;
  const how = [
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=bench',
    '-addext',
    names,
  ];
  await promisify(execFile)('openssl', ['req', ...how, '-keyout', key, '-out', file]);
  return { file, key: await readFile(key, 'utf8'), cert: await readFile(file, 'utf8') };
}

/** The functions know Google by name and at port 443 only; this says where those names lead. */
function redirection(ports: Readonly<Record<string, number>>): string {
  const code = `import { Agent } from 'node:https';
    const ports = ${JSON.stringify(ports)};
    const { createConnection } = Agent.prototype;
    Agent.prototype.createConnection = function (options, done) {
      const place = { servername: options.host, host: '127.0.0.1', port: ports[options.host] };
      return createConnection.call(this, { ...options, ...place }, done);
    };`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}
