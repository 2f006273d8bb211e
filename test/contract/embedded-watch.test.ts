import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../parts/part.ts';
import { comparable, startTwoServers, type TwoServers, type WireClient } from './wire-fixture.ts';

/** What a watch sends and how a long list goes on, on a real kube-apiserver and on the embedded one. */
describeWith(['control-plane'], 'the embedded API server', () => {
  let servers: TwoServers;
  const expectSame = async <Seen>(act: (client: WireClient) => Promise<Seen>): Promise<Seen> => {
    const real = await act(servers.real);
    const embedded = await act(servers.embedded);
    expect(embedded).toEqual(real);
    return embedded;
  };
  beforeAll(async () => {
    servers = await startTwoServers({ controllers: false });
  });
  afterAll(() => servers?.stop());

  test('sends a watch from a version what happened since, as kube-apiserver does', async () => {
    await expectSame(async (client) => {
      const since = await versionOf(client);
      await liveAPod(client, 'watched');
      return changes(await watch(client, `resourceVersion=${since}&fieldSelector=metadata.name=watched`));
    });
  });

  test('tells a watch with a selector that an object came and went when its label did', async () => {
    const seen = await expectSame(async (client) => {
      const since = await versionOf(client);
      await liveAPod(client, 'labelled');
      return changes(await watch(client, `resourceVersion=${since}&labelSelector=stage=late`));
    });
    expect(typesOf(seen)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
  });

  test('begins a watch without a version with all there is', async () => {
    const seen = await expectSame(async (client) => {
      await client({ method: 'POST', path: PODS, body: pod('present') });
      return changes(await watch(client, 'fieldSelector=metadata.name=present'));
    });
    expect(typesOf(seen)).toEqual(['ADDED']);
  });

  test('ends a watch with a bookmark that is asked for', async () => {
    await expectSame(async (client) => {
      const since = await versionOf(client);
      await client({ method: 'POST', path: PODS, body: pod('marked') });
      const query = `resourceVersion=${since}&allowWatchBookmarks=true&fieldSelector=metadata.name=marked`;
      return typesOf(await watch(client, query)).filter((type) => type !== 'BOOKMARK');
    });
  });

  test('lists in pages that are one snapshot, and says how much is left', async () => {
    await expectSame(async (client) => {
      const path = '/api/v1/namespaces/kube-public/pods';
      for (const name of ['a', 'b', 'd', 'e']) await client({ method: 'POST', path, body: pod(name) });
      const first = await client({ method: 'GET', path: `${path}?limit=2` });
      await client({ method: 'POST', path, body: pod('c') });
      const next = encodeURIComponent(first.body.metadata.continue);
      const second = await client({ method: 'GET', path: `${path}?limit=2&continue=${next}` });
      return [first, second].map(({ status, body }) => ({
        status,
        names: namesOf(body),
        left: body.metadata.remainingItemCount,
      }));
    });
  });

  test('refuses to go on with a list that it has forgotten, and offers the rest of the present one', async () => {
    const path = '/api/v1/namespaces/kube-system/events';
    const begin = async (client: WireClient) => {
      for (const name of ['a', 'b', 'c']) await client({ method: 'POST', path, body: event(name) });
      const { body } = await client({ method: 'GET', path: `${path}?limit=1` });
      return atTheBeginning(body.metadata.continue);
    };
    const positions = { real: await begin(servers.real), embedded: await begin(servers.embedded) };
    await servers.forgetHistory();
    const goOn = async (client: WireClient, position: string) => {
      const refusal = await client({ method: 'GET', path: `${path}?limit=1&continue=${position}` });
      const offered = encodeURIComponent(refusal.body.metadata.continue);
      const rest = await client({ method: 'GET', path: `${path}?limit=5&continue=${offered}` });
      const { metadata: _, ...body } = refusal.body;
      return { status: refusal.status, body, rest: namesOf(rest.body) };
    };
    const embedded = await goOn(servers.embedded, positions.embedded);
    expect(embedded).toEqual(await goOn(servers.real, positions.real));
    expect(embedded).toMatchObject({ status: 410, rest: ['b', 'c'] });
  });

  test('refuses a version from the future, and one that is no number', async () => {
    await expectSame(async (client) => {
      const { status, body } = await client({ method: 'GET', path: `${PODS}?resourceVersion=999999999` });
      return { status, reason: body.reason, code: body.code };
    });
    await expectSame(async (client) => {
      const { status } = await client({ method: 'GET', path: `${PODS}?limit=1&continue=nonsense` });
      return { status };
    });
  });
});

const PODS = '/api/v1/namespaces/default/pods';

function pod(name: string, labels: object = {}): object {
  return { metadata: { name, labels }, spec: { containers: [{ name: 'app', image: 'app:1' }] } };
}

/** Events are in no cache of the API server, which would remember even what etcd has forgotten. */
function event(name: string): object {
  return { metadata: { name }, involvedObject: { kind: 'Pod', namespace: 'kube-system', name: 'any' } };
}

/** A pod that is created, labelled, changed, labelled otherwise and deleted. */
async function liveAPod(client: WireClient, name: string): Promise<void> {
  const path = `${PODS}/${name}`;
  const contentType = 'application/merge-patch+json';
  const label = (labels: object) =>
    client({ method: 'PATCH', path, body: { metadata: { labels } }, contentType });
  await client({ method: 'POST', path: PODS, body: pod(name, { stage: 'early' }) });
  await label({ stage: 'late' });
  await label({ other: 'x' });
  await label({ stage: 'over' });
  await client({ method: 'DELETE', path });
}

/** The position, in the list as it was at version 1: a list of minutes ago may be remembered in more than one place. */
function atTheBeginning(position: string): string {
  const { v, start } = JSON.parse(Buffer.from(position, 'base64url').toString());
  return Buffer.from(JSON.stringify({ v, rv: 1, start })).toString('base64url');
}

async function versionOf(client: WireClient): Promise<string> {
  return (await client({ method: 'GET', path: PODS })).body.metadata.resourceVersion;
}

/** Everything that a watch of one second sends. */
async function watch(client: WireClient, query: string): Promise<readonly WatchLine[]> {
  const { body } = await client({ method: 'GET', path: `${PODS}?watch=1&timeoutSeconds=1&${query}` });
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

type WatchLine = { readonly type: string; readonly object: unknown };

function changes(lines: readonly WatchLine[]): readonly WatchLine[] {
  return lines.map(({ type, object }) => ({ type, object: comparable(object) }));
}

function typesOf(lines: readonly WatchLine[]): readonly string[] {
  return lines.map(({ type }) => type);
}

function namesOf(list: { readonly items: readonly { readonly metadata: { readonly name: string } }[] }) {
  return list.items.map(({ metadata }) => metadata.name);
}
