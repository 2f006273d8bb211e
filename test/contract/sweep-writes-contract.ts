import { describe, expect, test } from 'vitest';
import type { Notice } from '../../shared/core/notice-of.ts';
import type { Workload, WorkloadKind, WorkloadRef } from '../../shared/core/workload.ts';
import { ClusterError } from '../../shared/ports.ts';
import { bearer, type ClusterFixture, NAMESPACE, until } from './cluster-fixture.ts';

/** What the port `Cluster` promises of all that a sweep writes besides scales. */
export function sweepWritesContract(fixture: () => ClusterFixture): void {
  describe('telling', () => tellContract(fixture));
  describe('deleting workloads', () => removeWorkloadContract(fixture));
  describe('deleting Services', () => removeServiceContract(fixture));

  test('tell and remove of a user without rights are ClusterErrors that say which', async () => {
    const { full } = fixture().connectAs(bearer(fixture().tokens.stranger));
    const condemned = { kind: 'statefulset', name: 'any', uid: 'any', resourceVersion: '1' } as const;
    const removed = full.removeWorkload(condemned);
    await expect(removed).rejects.toBeInstanceOf(ClusterError);
    await expect(removed).rejects.toThrow('may not delete statefulsets in namespace staging: ');
    await expect(full.removeService('any--g')).rejects.toThrow('may not get services in namespace staging: ');
    await expect(full.tell(noticeAbout({ kind: 'deployment', name: 'any', uid: 'any' }))).rejects.toThrow(
      'may not create events in namespace staging: ',
    );
  });
}

function noticeAbout(about: Notice['about'], changes: Partial<Notice> = {}): Notice {
  return { about, reason: 'BadAnnotation', message: 'idle-after is "soon"', ...changes };
}

type EventJson = {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly type: string;
  readonly reason: string;
  readonly message: string;
};

function tellContract(fixture: () => ClusterFixture): void {
  const eventsAbout = async (uid: string) => {
    const path = `/api/v1/namespaces/${NAMESPACE}/events?fieldSelector=involvedObject.uid=${uid}`;
    const { items } = await fixture().admin.get<{ items: readonly EventJson[] }>(path);
    return items.filter(({ metadata }) => metadata.name.includes('.dormouse.'));
  };
  const created = async (ref: WorkloadRef) => {
    await fixture().create(ref);
    return readExisting(fixture(), ref);
  };

  test.for(['deployment', 'statefulset'] as const)('tell writes an Event about a %s', async (kind) => {
    const about = await created(`${kind}/told--g`);
    await fixture().full.tell(noticeAbout(about));
    const events = await eventsAbout(about.uid);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      metadata: { name: `told--g.dormouse.${kind}.badannotation` },
      involvedObject: { kind: kind === 'deployment' ? 'Deployment' : 'StatefulSet', name: 'told--g' },
      ...{ type: 'Warning', reason: 'BadAnnotation', message: 'idle-after is "soon"' },
      source: { component: 'dormouse' },
      count: 1,
    });
  });

  test('tell again writes nothing, whatever there is to say now', async () => {
    const about = await created('deployment/told-twice--g');
    await fixture().full.tell(noticeAbout(about));
    const before = await eventsAbout(about.uid);
    await fixture().full.tell(noticeAbout(about, { message: 'something else' }));
    expect(await eventsAbout(about.uid)).toEqual(before);
  });

  test('tell writes one Event for each reason, and one of a deletion is no warning', async () => {
    const about = await created('deployment/told-much--g');
    for (const reason of ['BadAnnotation', 'Contested', 'DeletionAnnounced'] as const) {
      await fixture().full.tell(noticeAbout(about, { reason }));
    }
    const said = (await eventsAbout(about.uid)).map(({ reason, type }) => `${reason} ${type}`).sort();
    expect(said).toEqual(['BadAnnotation Warning', 'Contested Warning', 'DeletionAnnounced Normal']);
  });

  test.for([
    ['Latin', 'x'.repeat(2_000)],
    ['Japanese', '修正'.repeat(1_000)],
    ['four bytes a sign', '🚿'.repeat(1_000)],
  ] as const)('tell cuts a message that is too long for Kubernetes: %s', async ([script, message]) => {
    const about = { kind: 'deployment', name: 'wordy--g', uid: `wordy-${script.length}` } as const;
    await fixture().full.tell(noticeAbout({ ...about, name: `${script.length}-wordy--g` }, { message }));
    const [event] = await eventsAbout(about.uid);
    expect(event?.message).toMatch(/…$/);
    expect(message.startsWith(event?.message.slice(0, -1) ?? '-')).toBe(true);
    expect(Buffer.byteLength(event?.message ?? '')).toBeGreaterThan(1_000);
  });

  test('tell writes about a workload whose name is as long as a name may be', async () => {
    const name = `${'a'.repeat(250)}--g`;
    await fixture().full.tell(noticeAbout({ kind: 'deployment', name, uid: 'long-name' }));
    expect(await eventsAbout('long-name')).toHaveLength(1);
  });
}

/** Reads a workload that somebody just made. */
async function readExisting({ full }: ClusterFixture, ref: WorkloadRef): Promise<Workload> {
  const workload = await full.readWorkload(ref);
  if (workload === undefined) throw new Error(`${ref} is not there`);
  return workload;
}

function removeWorkloadContract(fixture: () => ClusterFixture): void {
  const read = (ref: WorkloadRef) => readExisting(fixture(), ref);

  test.for(['deployment', 'statefulset'] as const)(
    'removeWorkload deletes a %s and what it started',
    async (kind) => {
      const ref: WorkloadRef = `${kind}/doomed-${kind}--g`;
      await fixture().create(ref, { replicas: 1 });
      await until('it has a pod', async () => (await podsOf(fixture(), kind)) > 0);
      await until('nobody writes between', async () => {
        const outcome = await fixture().full.removeWorkload(await read(ref));
        return outcome === 'removed';
      });
      expect(await fixture().full.readWorkload(ref)).toBeUndefined();
      await until('its pods are gone', async () => (await podsOf(fixture(), kind)) === 0);
    },
  );

  test('removeWorkload is a conflict after any write, and leaves it', async () => {
    const ref: WorkloadRef = 'deployment/moved-on--g';
    await fixture().create(ref, { replicas: 0 });
    const before = await read(ref);
    await fixture().patch(ref, { metadata: { annotations: { 'example.com/a': 'b' } } });
    expect(await fixture().full.removeWorkload(before)).toBe('conflict');
    expect(await read(ref)).toMatchObject({ uid: before.uid });
  });

  test('removeWorkload is a conflict for one that was made again under the name', async () => {
    const ref: WorkloadRef = 'statefulset/made-again--g';
    await fixture().create(ref, { replicas: 0 });
    const { uid } = await read(ref);
    await fixture().remove(ref);
    await until('it is gone', async () => (await fixture().full.readWorkload(ref)) === undefined);
    await fixture().create(ref, { replicas: 0 });
    const { resourceVersion } = await read(ref);
    const condemned = { kind: 'statefulset', name: 'made-again--g', uid, resourceVersion } as const;
    expect(await fixture().full.removeWorkload(condemned)).toBe('conflict');
    expect((await read(ref)).uid).not.toBe(uid);
  });

  test('removeWorkload tells that it is gone', async () => {
    const condemned = { kind: 'deployment', name: 'never-was', uid: 'any', resourceVersion: '1' } as const;
    expect(await fixture().full.removeWorkload(condemned)).toBe('gone');
  });
}

async function podsOf({ admin }: ClusterFixture, kind: WorkloadKind): Promise<number> {
  const path = `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=app=doomed-${kind}--g`;
  return (await admin.get<{ items: readonly object[] }>(path)).items.length;
}

function removeServiceContract(fixture: () => ClusterFixture): void {
  test('removeService deletes the Service of the branch’s name, once', async () => {
    await fixture().createService('doomed--g');
    expect(await fixture().full.removeService('doomed--g')).toBe('removed');
    expect(await fixture().full.hasService('doomed--g')).toBe(false);
    expect(await fixture().full.removeService('doomed--g')).toBe('gone');
  });

  test('removeService is a conflict when somebody changes it between reading and deleting', async () => {
    await fixture().createService('changing--g');
    const path = `/api/v1/namespaces/${NAMESPACE}/services/changing--g`;
    let calls = 0;
    const { full } = fixture().connectAs(async (options) => {
      calls += 1;
      if (calls === 2) await fixture().admin.patch(path, { metadata: { labels: { seen: 'again' } } });
      return bearer(fixture().tokens.dormouse)(options);
    });
    expect(await full.removeService('changing--g')).toBe('conflict');
    expect(await fixture().full.hasService('changing--g')).toBe(true);
  });

  test('removeService asks Kubernetes nothing about a name that no Service could bear', async () => {
    const before = fixture().requests.length;
    for (const name of ['', 'UPPER--g', '../pods--g']) {
      expect(await fixture().full.removeService(name)).toBe('gone');
    }
    expect(fixture().requests.length).toBe(before);
  });
}
