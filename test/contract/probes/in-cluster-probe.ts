import { writeFileSync } from 'node:fs';
import { loadInClusterConnection } from '../../../shared/adapters/kubernetes/kubeconfig-connection.ts';

/**
 * Connects as a pod would, in an environment of its own, while its token is replaced, and prints how.
 * Arguments: root folder, token file, new token.
 */
const [rootFolder = '', tokenFile = '', newToken = ''] = process.argv.slice(2);

const connection = await loadInClusterConnection(rootFolder);
const before = await connection.authorize({ renew: false });
writeFileSync(tokenFile, newToken);
const after = await connection.authorize({ renew: true });
console.log(JSON.stringify({ url: connection.url, ca: String(connection.tls?.ca), before, after }));
