import { Firestore, Timestamp } from '@google-cloud/firestore';
import { OAuth2Client } from 'google-auth-library';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith, partPath } from '../parts/part.ts';
import { type FirestoreEmulator, startFirestoreEmulator } from '../world/firestore-emulator.ts';
import { createFirestoreWorlds, type FirestoreWorlds } from './firestore-fixture.ts';
import { createFound, FULL_DOCUMENT, FULL_RECORD, freshScope, idIn, readFound } from './store-fixture.ts';

const BRANCH = 'my-branch--g';

/** Our adapter speaks Firestore's REST by itself: Google's own library must mean the same by it. */
describeWith(['firestore-emulator'], "Google's Firestore library and the adapter", () => {
  let emulator: FirestoreEmulator;
  let worlds: FirestoreWorlds;
  let library: Firestore;

  beforeAll(async () => {
    emulator = await startFirestoreEmulator({ gcloud: partPath('firestore-emulator') });
    worlds = createFirestoreWorlds(emulator.host);
    // A client without credentials keeps the library from looking for some in the metadata server.
    const reach = { host: emulator.host, ssl: false, authClient: new OAuth2Client() };
    library = new Firestore({ projectId: 'test-project', databaseId: 'branches', ...reach });
  });

  afterAll(async () => {
    await library.terminate();
    await worlds.close();
    await emulator.stop();
  });

  test('the adapter reads every field that the library wrote, by itself and among all', async () => {
    const scope = freshScope();
    await library.collection('branches').doc(idIn(scope, BRANCH)).set(FULL_DOCUMENT);
    const store = worlds.full.open(scope);
    expect((await readFound(store, BRANCH)).record).toEqual(FULL_RECORD);
    expect((await store.readAll()).records.get(BRANCH)?.record).toEqual(FULL_RECORD);
  });

  test('the library reads what the adapter wrote: timestamps, maps whose keys hold dots, and removed fields', async () => {
    const scope = freshScope();
    const store = worlds.full.open(scope);
    const { version } = await createFound(store, BRANCH);
    const replicas = { 'deployment/web.v2--g': 2 } as const;
    const claim = await store.update(BRANCH, version, { asleepSince: 'now', replicas, contested: 1 });
    if (claim.outcome !== 'written') throw new Error('the claim was not written');
    await store.update(BRANCH, claim.version, { contested: 'clear', pinnedUntilMs: 1_234 });
    const document = (await library.collection('branches').doc(idIn(scope, BRANCH)).get()).data();
    expect(document).toEqual({
      v: 1,
      lastAccess: expect.any(Timestamp),
      asleepSince: expect.any(Timestamp),
      replicas,
      pinnedUntil: Timestamp.fromMillis(1_234),
      wakeMs: [],
    });
  });

  test('a version that the adapter read is the one of which the library says when it was written', async () => {
    const scope = freshScope();
    const store = worlds.full.open(scope);
    const reference = library.collection('branches').doc(idIn(scope, BRANCH));
    const { writeTime } = await reference.set(FULL_DOCUMENT);
    const { version } = await readFound(store, BRANCH);
    await reference.update({ contested: 7 }, { lastUpdateTime: writeTime });
    expect(await store.update(BRANCH, version, { contested: 8 })).toEqual({ outcome: 'conflict' });
    expect((await readFound(store, BRANCH)).record.contested).toBe(7);
  });
});
