import { expect, test } from 'vitest';
import { createFirestoreStore } from '../../shared/adapters/firestore/firestore-store.ts';
import { StoreError, type StoreSnapshot } from '../../shared/ports.ts';
import { type Reaction, startScriptedServer } from '../world/scripted-server.ts';
import { createEmulatorTransport } from './firestore-fixture.ts';

const DATABASE = { projectId: 'test-project', databaseId: 'branches' };
const SCOPE = { cluster: 'c', namespace: 'n' };
const ROOT = 'projects/test-project/databases/branches/documents';
const READ_TIME = '2026-11-25T10:00:00.123456Z';

function result(branch: string, readTime = READ_TIME) {
  const fields = {
    v: { integerValue: '1' },
    lastAccess: { timestampValue: '2026-11-25T09:00:00Z' },
    wakeMs: { arrayValue: {} },
  };
  const name = `${ROOT}/branches/c.n.${branch}`;
  return { document: { name, fields, updateTime: '2026-11-25T09:00:00.5Z' }, readTime };
}

/** What Firestore was asked, and what came of reading all records, when it answers so. */
async function readAll(react: (number: number) => Reaction) {
  const server = await startScriptedServer((_request, number) => react(number));
  const transport = createEmulatorTransport(new URL(server.url).host);
  const store = createFirestoreStore({ transport, ...DATABASE, ...SCOPE });
  const [ended] = await Promise.allSettled([store.readAll()]);
  transport.close();
  await server.close();
  const asked = server.arrived.map(({ url, body }) => ({ url, query: JSON.parse(body).structuredQuery }));
  return { ended, asked };
}

function snapshotOf(ended: PromiseSettledResult<StoreSnapshot>): StoreSnapshot {
  if (ended.status === 'rejected') throw ended.reason;
  return ended.value;
}

const json = (value: unknown): Reaction => ({ body: JSON.stringify(value) });

test('readAll asks once for all documents of its cluster and namespace, in the order of ids', async () => {
  const { ended, asked } = await readAll(() => json([result('a--g'), result('b--g')]));
  expect([...snapshotOf(ended).records.keys()]).toEqual(['a--g', 'b--g']);
  expect(asked).toHaveLength(1);
  expect(asked[0]).toMatchObject({
    url: `/v1/${ROOT}:runQuery`,
    query: {
      from: [{ collectionId: 'branches' }],
      startAt: { values: [{ referenceValue: `${ROOT}/branches/c.n.` }], before: true },
      endAt: { values: [{ referenceValue: `${ROOT}/branches/c.n.\u{10ffff}` }], before: true },
    },
  });
});

test('readAll knows the time of a read without results', async () => {
  const { ended } = await readAll(() => json([{ readTime: READ_TIME }]));
  expect(snapshotOf(ended).nowMs).toBe(Date.parse('2026-11-25T10:00:00.123Z'));
});

test('readAll goes on after the last document when an answer breaks off, and keeps its first time', async () => {
  const text = JSON.stringify([result('a--g'), result('b--g')]);
  const react = (number: number): Reaction =>
    number === 1 ? { body: text.slice(0, -20) } : json([result('b--g', '2026-11-25T10:00:09Z')]);
  const { ended, asked } = await readAll(react);
  expect([...snapshotOf(ended).records.keys()]).toEqual(['a--g', 'b--g']);
  expect(snapshotOf(ended).nowMs).toBe(Date.parse('2026-11-25T10:00:00.123Z'));
  const startAt = { values: [{ referenceValue: `${ROOT}/branches/c.n.a--g` }], before: false };
  expect(asked[1]?.query).toMatchObject({ startAt });
});

test('readAll takes a connection that is cut for no end of the records', async () => {
  const whole = json([result('a--g'), result('b--g')]);
  const { ended } = await readAll((number) => (number <= 2 ? 'cut-in-the-middle' : whole));
  expect(snapshotOf(ended).records.size).toBe(2);
});

test.each([429, 500, 503])('readAll asks again after a %i', async (status) => {
  const { ended, asked } = await readAll((number) => (number === 1 ? { status } : json([result('a--g')])));
  expect(snapshotOf(ended).records.size).toBe(1);
  expect(asked).toHaveLength(2);
});

test('readAll gives up at once, and says why, when Firestore refuses', async () => {
  const error = { code: 403, status: 'PERMISSION_DENIED', message: 'Missing permissions.' };
  const { ended, asked } = await readAll(() => ({ status: 403, body: JSON.stringify([{ error }]) }));
  expect(ended).toMatchObject({ status: 'rejected', reason: expect.any(StoreError) });
  expect(ended).toHaveProperty('reason.message', 'Firestore answered 403: Missing permissions.');
  expect(asked).toHaveLength(1);
});

test('readAll rejects, and says why, when query after query fails halfway', async () => {
  const { ended, asked } = await readAll(() => json([{ error: { message: 'out of order' } }]));
  expect(ended).toMatchObject({ status: 'rejected', reason: expect.any(StoreError) });
  expect(ended).toHaveProperty('reason.message', 'Firestore could not read branches: out of order');
  expect(asked.length).toBeGreaterThan(1);
});

test.each(['<html>', '{}', '[]'])("readAll rejects %j, which is not Firestore's", async (body) => {
  const { ended } = await readAll(() => ({ body }));
  expect(ended).toMatchObject({ status: 'rejected', reason: expect.any(StoreError) });
});
