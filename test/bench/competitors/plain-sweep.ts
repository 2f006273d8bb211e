import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/**
 * The calls that no sweep can avoid, and nothing else: no second decision, no heartbeats, no undo, no log. Lists the
 * workloads in pages, reads all records in one query, and for each branch that nobody visited for an hour reads its
 * workloads by name and by label, claims the record, scales the workloads to 0 and reads the record again. Prints its
 * port and sweeps at every POST; ends with its standard input. Its one argument is a `PlainSweepOptions` in JSON.
 */
export type PlainSweepOptions = {
  readonly kubernetesUrl: string;
  readonly namespace: string;
  readonly firestoreHost: string;
  /** `projects/P/databases/D/documents` */
  readonly root: string;
  /** What the ids of this namespace's records begin with. */
  readonly prefix: string;
  readonly atOnce: number;
};

type Fields = Readonly<Record<string, { readonly timestampValue?: string }>>;
type Document = { readonly name: string; readonly fields: Fields; readonly updateTime: string };
type Workload = {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly spec: { readonly replicas: number };
};
type List = { readonly items: readonly Workload[]; readonly metadata: { readonly continue?: string } };

const options: PlainSweepOptions = JSON.parse(process.argv[2] ?? '');
const agent = new http.Agent({ keepAlive: true, maxSockets: 32 });
const KINDS = ['deployments', 'statefulsets'];
const HOUR_MS = 3_600_000;
const apps = `${options.kubernetesUrl}/apis/apps/v1/namespaces/${options.namespace}`;
const documents = `http://${options.firestoreHost}/v1/${options.root}`;

async function sweep(): Promise<{ listed: number; slept: number }> {
  const listed = (await Promise.all(KINDS.map(list))).flat();
  const records = await readRecords();
  const idle = records.filter(isIdle).values();
  let slept = 0;
  const workers = Array.from({ length: options.atOnce }, async () => {
    for (const record of idle) {
      await putToSleep(record);
      slept += 1;
    }
  });
  await Promise.all(workers);
  return { listed: listed.length, slept };
}

async function list(kind: string): Promise<readonly Workload[]> {
  const workloads: Workload[] = [];
  let position: string | undefined = '';
  while (position !== undefined) {
    const page: List = await get(`${apps}/${kind}?limit=500&continue=${encodeURIComponent(position)}`);
    workloads.push(...page.items);
    position = page.metadata.continue;
  }
  return workloads;
}

async function readRecords(): Promise<readonly Document[]> {
  const at = (id: string) => [{ referenceValue: `${options.root}/branches/${id}` }];
  const structuredQuery = {
    from: [{ collectionId: 'branches' }],
    orderBy: [{ field: { fieldPath: '__name__' } }],
    startAt: { values: at(options.prefix), before: true },
    endAt: { values: at(`${options.prefix}\u{10ffff}`), before: true },
  };
  const results = await send<{ document?: Document }[]>('POST', `${documents}:runQuery`, { structuredQuery });
  return results.flatMap(({ document }) => document ?? []);
}

function isIdle({ fields }: Document): boolean {
  const lastAccessMs = Date.parse(fields.lastAccess?.timestampValue ?? '');
  return fields.asleepSince === undefined && Date.now() - lastAccessMs > HOUR_MS;
}

async function putToSleep({ name, updateTime }: Document): Promise<void> {
  const branch = name.slice(name.lastIndexOf('/') + 1 + options.prefix.length);
  const reads = KINDS.flatMap((kind) => [byName(kind, branch), byLabel(kind, branch)]);
  const workloads = (await Promise.all(reads)).flat();
  await claim(name, updateTime);
  await Promise.all(workloads.map(scaleToZero));
  await get(`http://${options.firestoreHost}/v1/${name}`);
}

type Found = Workload & { readonly kind: string };

async function byName(kind: string, name: string): Promise<readonly Found[]> {
  const found = await get<Workload>(`${apps}/${kind}/${name}`);
  return found.metadata?.name === name ? [{ ...found, kind }] : [];
}

async function byLabel(kind: string, branch: string): Promise<readonly Found[]> {
  const { items } = await get<List>(`${apps}/${kind}?labelSelector=dormouse/branch%3D${branch}`);
  return items.map((item) => ({ ...item, kind }));
}

async function claim(name: string, updateTime: string): Promise<void> {
  const replicas = { mapValue: { fields: { 'deployment/web': { integerValue: '1' } } } };
  const write = {
    update: { name, fields: { replicas } },
    updateMask: { fieldPaths: ['replicas'] },
    updateTransforms: [{ fieldPath: 'asleepSince', setToServerValue: 'REQUEST_TIME' }],
    currentDocument: { updateTime },
  };
  await send('POST', `${documents}:commit`, { writes: [write] });
}

async function scaleToZero({ kind, metadata }: Found): Promise<void> {
  const { name, resourceVersion } = metadata;
  const body = { metadata: { resourceVersion }, spec: { replicas: 0 } };
  await send('PATCH', `${apps}/${kind}/${name}/scale`, body);
}

function get<Body>(url: string): Promise<Body> {
  return send('GET', url);
}

async function send<Body>(method: string, url: string, body?: object): Promise<Body> {
  const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const headers = { authorization: 'Bearer owner', 'content-type': contentType };
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const request = http.request(url, { method, headers, agent }, resolve).on('error', reject);
  request.end(body && JSON.stringify(body));
  const response = await promise;
  const answer = await text(response);
  const status = response.statusCode ?? 0;
  if (status !== 200 && status !== 404) throw new Error(`${method} ${url}: ${status} ${answer}`);
  return JSON.parse(answer) as Body;
}

const server = http.createServer(async (_request, response) => {
  try {
    response.end(JSON.stringify(await sweep()));
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
process.stdin.on('end', () => process.exit()).resume();
