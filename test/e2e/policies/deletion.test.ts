import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import { workloadManifest } from '../../world/branch-manifests.ts';
import { type LaterStore, startLaterStore } from '../../world/later-store.ts';
import { eventually, visit } from '../visits.ts';
import { NAMESPACE, type PoliciesWorld, SPEED, startPoliciesWorld } from './policies-world.ts';

const PARTS = ['control-plane', 'firestore-emulator', 'nginx'] as const;
const DAY_MS = 86_400_000 / SPEED;
const annotations = { 'dormouse/delete-after': '30d' };

describeWith(PARTS, 'a branch that is to be deleted after 30 days', () => {
  let world: PoliciesWorld;
  let later: LaterStore;
  const doomed = ['deployment/doomed--g', 'statefulset/doomed-db'] as const;
  const kept = 'deployment/kept--g';

  beforeAll(async () => {
    world = await startPoliciesWorld(() => ({ startMs: 100 }));
    later = await startLaterStore(world.firestore.host);
    await createDatabase();
    for (const name of ['doomed--g', 'kept--g']) await world.begin(name, [{ annotations }]);
    await world.sweepUntilAsleep(...doomed, kept);
  });
  afterAll(async () => {
    await world?.stop();
    await later?.close();
  });

  /** Its volume claim is made by Kubernetes. */
  async function createDatabase(): Promise<void> {
    const branch = { namespace: NAMESPACE, name: 'doomed--g' };
    const { spec, ...rest } = workloadManifest(branch, { name: 'doomed-db', kind: 'statefulset' });
    const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    const volumeClaimTemplates = [{ metadata: { name: 'data' }, spec: claim }];
    const path = `/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets`;
    await world.api.create(path, { ...rest, spec: { ...spec, volumeClaimTemplates } });
  }

  type Swept = { readonly deleted: number; readonly announced: readonly string[] };

  async function sweepAfter(days: number): Promise<Swept> {
    later.setLater(days * DAY_MS);
    const { status, summary } = await world.sweep();
    expect(status).toBe(200);
    return { deleted: summary.deleted, announced: summary.deletions.map(({ branch }) => branch) };
  }

  const list = async (what: string) =>
    (await world.controlPlane.kubectl('-n', NAMESPACE, 'get', what, '-o', 'name')).trim().split('\n');

  test('stays for good without the switch', async () => {
    await world.restartSleep({ FIRESTORE_EMULATOR_HOST: later.host });
    for (const days of [23, 30, 99]) expect(await sweepAfter(days)).toEqual({ deleted: 0, announced: [] });
  });

  test('is announced for a week by summary, record and Event', async () => {
    await world.restartSleep({ FIRESTORE_EMULATOR_HOST: later.host, DORMOUSE_MAY_DELETE: 'true' });
    const announced = ['doomed--g', 'kept--g'];
    expect(await sweepAfter(22.5)).toEqual({ deleted: 0, announced: [] });
    expect(await sweepAfter(23)).toEqual({ deleted: 0, announced });
    const told = await world.eventsOf('DeletionAnnounced');
    expect(told.map(({ involvedObject: { name } }) => name).sort()).toEqual(announced);
    for (const { message } of told) expect(message).toContain('unless somebody visits, edits or pins it');
    expect(await world.recordOf('doomed--g')).toHaveProperty('deletionAnnouncedAtMs');
    expect(await sweepAfter(29.5)).toEqual({ deleted: 0, announced });
  });

  test('goes then with its Service and leaves its volume claims, unless somebody came', async () => {
    expect((await visit(world.proxy.port, 'kept--g')).status).toBe(200);
    await eventually(
      () => sweepAfter(30),
      ({ deleted }) => deleted === 1,
    );
    expect(await list('deployments,statefulsets')).toEqual(['deployment.apps/kept--g']);
    expect(await list('services')).toEqual(['service/kept--g']);
    expect(await list('persistentvolumeclaims')).toEqual(['persistentvolumeclaim/data-doomed-db-0']);
    const isAnnouncedAnew = ({ announced }: Swept) => announced.join() === 'kept--g';
    expect(await eventually(() => sweepAfter(30), isAnnouncedAnew)).toMatchObject({ deleted: 0 });
    expect(await world.recordOf('doomed--g')).toHaveProperty('expireAtMs');
  });
});
