import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFirestoreStore } from '../../shared/adapters/firestore/firestore-store.ts';
import { createFirestoreVisits } from '../../shared/adapters/firestore/firestore-visits.ts';
import { StoreError } from '../../shared/ports.ts';
import { describeWith, partPath } from '../parts/part.ts';
import { type FirestoreEmulator, startFirestoreEmulator } from '../world/firestore-emulator.ts';
import { type Reaction, startScriptedServer } from '../world/scripted-server.ts';
import { createEmulatorTransport, createFirestoreWorlds, type FirestoreWorlds } from './firestore-fixture.ts';
import { branchStoreContract } from './store-contract.ts';
import { createFound, freshScope, readFound } from './store-fixture.ts';
import { visitStoreContract } from './visit-store-contract.ts';

const BRANCH = 'my-branch--g';
const DATABASE = { projectId: 'test-project', databaseId: '(default)' };

describeWith(['firestore-emulator'], 'Firestore emulator', () => {
  let emulator: FirestoreEmulator;
  let worlds: FirestoreWorlds;

  beforeAll(async () => {
    emulator = await startFirestoreEmulator({ gcloud: partPath('firestore-emulator') });
    worlds = createFirestoreWorlds(emulator.host);
  });

  afterAll(async () => {
    await worlds.close();
    await emulator.stop();
  });

  visitStoreContract('createFirestoreVisits', () => worlds.light);
  visitStoreContract('createFirestoreStore', () => worlds.full);
  branchStoreContract('createFirestoreStore', () => worlds.full);

  test("the two adapters read the same record and version, and write on each other's", async () => {
    const scope = freshScope();
    const [light, full] = [worlds.light.open(scope), worlds.full.open(scope)];
    const made = await createFound(light, BRANCH);
    expect((await full.readAll()).records.get(BRANCH)).toEqual({
      record: made.record,
      version: made.version,
    });
    const claim = await full.update(BRANCH, made.version, { asleepSince: 'now' });
    expect(claim).toEqual({ outcome: 'written', version: (await readFound(light, BRANCH)).version });
  });

  test('a store whose emulator has gone rejects with a StoreError, whatever is asked', async () => {
    const gone = await startFirestoreEmulator({ gcloud: partPath('firestore-emulator') });
    const transport = createEmulatorTransport(gone.host);
    const store = createFirestoreStore({ transport, ...DATABASE, ...freshScope() });
    const { version } = await createFound(store, BRANCH);
    await gone.stop();
    const calls = [
      store.stampVisit(BRANCH),
      store.readAll(),
      store.update(BRANCH, version, { contested: 1 }),
    ];
    for (const call of await Promise.allSettled(calls)) {
      expect(call).toMatchObject({ status: 'rejected', reason: expect.any(StoreError) });
    }
    transport.close();
  });
});

describe('createFirestoreVisits, told by Firestore', () => {
  /** How often Firestore was asked, and what came of a call, when it answers so. */
  async function told(
    react: (number: number) => Reaction,
    ask: 'stampVisit' | 'stampBackground' | 'createRecord' | 'readRecord',
  ) {
    const server = await startScriptedServer((_request, number) => react(number));
    const transport = createEmulatorTransport(new URL(server.url).host);
    const store = createFirestoreVisits({ transport, ...DATABASE, ...freshScope() });
    const [ended] = await Promise.allSettled([store[ask](BRANCH)]);
    transport.close();
    await server.close();
    return { ended, asked: server.arrived };
  }

  const refusal = (code: number, status: string, message = 'no'): Reaction => ({
    status: code,
    body: JSON.stringify({ error: { code, message, status } }),
  });
  const written = { body: JSON.stringify({ writeResults: [{ updateTime: '2026-11-25T10:00:00.5Z' }] }) };

  test('writes a visit as one commit on condition that the record exists', async () => {
    const { ended, asked } = await told(() => written, 'stampVisit');
    expect(ended).toEqual({ status: 'fulfilled', value: 'stamped' });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.url).toBe('/v1/projects/test-project/databases/(default)/documents:commit');
    expect(JSON.parse(asked[0]?.body ?? '').writes).toEqual([
      {
        update: {
          name: expect.stringMatching(/\/documents\/branches\/staging\..*\.my-branch--g$/),
          fields: {},
        },
        updateMask: { fieldPaths: ['contested', 'expireAt'] },
        updateTransforms: [{ fieldPath: 'lastAccess', setToServerValue: 'REQUEST_TIME' }],
        currentDocument: { exists: true },
      },
    ]);
  });

  test('writes background activity as one commit whose mask names no field', async () => {
    const { ended, asked } = await told(() => written, 'stampBackground');
    expect(ended).toEqual({ status: 'fulfilled', value: 'stamped' });
    expect(asked).toHaveLength(1);
    const [write] = JSON.parse(asked[0]?.body ?? '').writes;
    expect(write).toMatchObject({
      updateMask: { fieldPaths: [] },
      updateTransforms: [{ fieldPath: 'lastBackground', setToServerValue: 'REQUEST_TIME' }],
      currentDocument: { exists: true },
    });
  });

  test('takes a database that does not exist for a failure, not for a missing record', async () => {
    const message = 'The database (default) does not exist for project test-project';
    for (const ask of ['stampVisit', 'readRecord'] as const) {
      const { ended } = await told(() => refusal(404, 'NOT_FOUND', message), ask);
      expect(ended).toMatchObject({ status: 'rejected', reason: expect.any(StoreError) });
      expect(ended).toHaveProperty('reason.message', expect.stringContaining(message));
    }
  });

  test("tries again when others' writes keep it from writing, and gives up after the third", async () => {
    const once = await told((number) => (number === 1 ? refusal(409, 'ABORTED') : written), 'stampVisit');
    expect(once.ended).toEqual({ status: 'fulfilled', value: 'stamped' });
    const always = await told(() => refusal(409, 'ABORTED'), 'createRecord');
    expect(always.ended).toMatchObject({ status: 'rejected', reason: expect.any(StoreError) });
    expect(always.asked).toHaveLength(3);
  });

  test('repeats a write whose answer was lost, and may report that it exists', async () => {
    const react = (number: number) => (number === 1 ? 'cut' : refusal(409, 'ALREADY_EXISTS'));
    expect((await told(react, 'createRecord')).ended).toEqual({ status: 'fulfilled', value: 'exists' });
  });

  test('says what Firestore said when it refuses', async () => {
    const { ended } = await told(
      () => refusal(403, 'PERMISSION_DENIED', 'Missing permissions.'),
      'stampVisit',
    );
    expect(ended).toHaveProperty('reason.message', 'Firestore answered 403: Missing permissions.');
  });

  test("rejects with a StoreError when the answer is not Firestore's", async () => {
    for (const status of [200, 404, 502]) {
      const { ended } = await told(() => ({ status, body: '<html>' }), 'readRecord');
      expect(ended).toMatchObject({ status: 'rejected', reason: expect.any(StoreError) });
    }
  });
});
