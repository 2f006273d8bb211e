import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

export type ControlPlaneUsers = Readonly<Record<string, { readonly groups?: readonly string[] }>>;

/** The token by which a user is known. */
export function tokenOf(user: string): string {
  return `token-of-${user}`;
}

/** Writes what the control plane reads at its start: tokens, the key of service accounts, a kubeconfig of `admin`. */
export async function writeControlPlaneFiles(
  place: { readonly folder: string; readonly url: string },
  users: ControlPlaneUsers,
): Promise<{ readonly kubeconfigFile: string }> {
  const kubeconfigFile = path.join(place.folder, 'kubeconfig.json');
  const everybody: ControlPlaneUsers = { ...users, admin: { groups: ['system:masters'] } };
  await Promise.all([
    writeFile(path.join(place.folder, 'tokens.csv'), tokensCsv(everybody)),
    writeFile(path.join(place.folder, 'service-account.key'), createPrivateKey()),
    writeFile(kubeconfigFile, JSON.stringify(kubeconfig(place))),
  ]);
  return { kubeconfigFile };
}

/** Source: Kubernetes, "Authenticating": static token file: token, user, uid, "groups". */
function tokensCsv(users: ControlPlaneUsers): string {
  const lines = Object.entries(users).map(
    ([user, { groups = [] }]) => `${tokenOf(user)},${user},uid-of-${user},"${groups.join(',')}"`,
  );
  return `${lines.join('\n')}\n`;
}

function createPrivateKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  return privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
}

function kubeconfig({ folder, url }: { readonly folder: string; readonly url: string }) {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'test', cluster: { server: url, 'certificate-authority': path.join(folder, 'apiserver.crt') } },
    ],
    users: [{ name: 'admin', user: { token: tokenOf('admin') } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  };
}
