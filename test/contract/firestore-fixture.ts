import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createFirestoreStore } from '../../shared/adapters/firestore/firestore-store.ts';
import { decodeFields, encodeFields } from '../../shared/adapters/firestore/firestore-value.ts';
import { createFirestoreVisits } from '../../shared/adapters/firestore/firestore-visits.ts';
import type { StoreScope } from '../../shared/adapters/records/document-id.ts';
import type { StoredDocument } from '../../shared/adapters/records/stored-document.ts';
import { createRestTransport, type RestTransport } from '../../shared/adapters/rest/rest-transport.ts';
import type { BranchStore, VisitStore } from '../../shared/ports.ts';
import type { StoreWorld } from './store-fixture.ts';

const PROJECT = { projectId: 'test-project', databaseId: 'branches' };
const ROOT = `projects/${PROJECT.projectId}/databases/${PROJECT.databaseId}/documents`;

/** Firestore takes no more in one commit. */
const WRITES_PER_COMMIT = 500;

/** The emulator at `host`, for the adapter of the touch path and for the full one. */
export type FirestoreWorlds = {
  readonly light: StoreWorld<VisitStore>;
  readonly full: StoreWorld;
  readonly close: () => Promise<void>;
};

export function createFirestoreWorlds(host: string): FirestoreWorlds {
  const closing: (() => unknown)[] = [];
  const transportTo = (address: string) => {
    const transport = createEmulatorTransport(address);
    closing.push(transport.close);
    return transport;
  };
  const openLight = (address: string, scope: StoreScope): VisitStore =>
    createFirestoreVisits({ transport: transportTo(address), ...PROJECT, ...scope });
  const openFull = (address: string, scope: StoreScope): BranchStore =>
    createFirestoreStore({ transport: transportTo(address), ...PROJECT, ...scope });
  const startSilent = async () => {
    const silent = await startSilentServer();
    closing.push(silent.close);
    return silent.host;
  };
  const hands = createHands(host);
  return {
    light: {
      ...hands,
      open: (scope) => openLight(host, scope),
      openDown: async (scope) => openLight(await startSilent(), scope),
    },
    full: {
      ...hands,
      open: (scope) => openFull(host, scope),
      openDown: async (scope) => openFull(await startSilent(), scope),
    },
    close: async () => {
      await Promise.all(closing.map((close) => close()));
    },
  };
}

export function createEmulatorTransport(host: string): RestTransport {
  return createRestTransport({
    baseUrl: `http://${host}`,
    authorize: async () => ({ Authorization: 'Bearer owner' }),
    now: Date.now,
    random: Math.random,
  });
}

/** A server that takes connections and never says a word. */
export async function startSilentServer(): Promise<{ host: string; close: () => void }> {
  const sockets = new Set<{ destroy(): unknown }>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}).resume());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function createHands(host: string): Pick<StoreWorld, 'put' | 'get' | 'remove'> {
  return {
    put: async (collection, documents) => {
      const writes = Object.entries(documents).map(([id, document]) => ({
        update: { name: `${ROOT}/${collection}/${id}`, fields: encodeFields(document) },
      }));
      for (let done = 0; done < writes.length; done += WRITES_PER_COMMIT) {
        await commit(host, writes.slice(done, done + WRITES_PER_COMMIT));
      }
    },
    get: async (collection, id) => readDocument(host, `${collection}/${encodeURIComponent(id)}`),
    remove: (collection, id) => commit(host, [{ delete: `${ROOT}/${collection}/${id}` }]),
  };
}

async function commit(host: string, writes: readonly object[]): Promise<void> {
  const response = await fetch(`http://${host}/v1/${ROOT}:commit`, {
    method: 'POST',
    headers: { Authorization: 'Bearer owner', 'content-type': 'application/json' },
    body: JSON.stringify({ writes }),
  });
  if (!response.ok) throw new Error(await response.text());
  await response.arrayBuffer();
}

async function readDocument(host: string, path: string): Promise<StoredDocument | undefined> {
  const headers = { Authorization: 'Bearer owner' };
  const response = await fetch(`http://${host}/v1/${ROOT}/${path}`, { headers });
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(await response.text());
  const { fields } = (await response.json()) as { fields?: Parameters<typeof decodeFields>[0] };
  return decodeFields(fields);
}
