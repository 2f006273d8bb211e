import { describe, expect, test } from 'vitest';
import { ClusterError, type VisitCluster } from '../../shared/ports.ts';
import { bearer, type ClusterFixture, NAMESPACE, until } from './cluster-fixture.ts';

/** What the ports `VisitCluster` and `Cluster` promise of what is around the workloads of a branch. */
export function surroundingsContract(fixture: () => ClusterFixture): void {
  for (const adapter of ['light', 'full'] as const) {
    describe(`what a branch inherits, by the ${adapter} adapter`, () =>
      inheritedContract(fixture, () => fixture()[adapter]));
    describe(`autoscalers, by the ${adapter} adapter`, () =>
      boundsContract(adapter, fixture, () => fixture()[adapter]));
  }
  describe('jobs', () => jobsContract(fixture));
  test.for([
    ['readInherited', 'get namespaces'],
    ['listBounds', 'list horizontalpodautoscalers'],
    ['listJobs', 'list jobs'],
  ] as const)('%s of a user without rights is a ClusterError that says which', async ([method, right]) => {
    const { full } = fixture().connectAs(bearer(fixture().tokens.stranger));
    await expect(full[method]()).rejects.toBeInstanceOf(ClusterError);
    await expect(full[method]()).rejects.toThrow(`may not ${right} in namespace ${NAMESPACE}: `);
  });
}

function inheritedContract(fixture: () => ClusterFixture, visits: () => VisitCluster): void {
  const path = `/api/v1/namespaces/${NAMESPACE}`;
  const annotate = (annotations: Record<string, string | null>) =>
    fixture().admin.patch(path, { metadata: { annotations } });

  test('readInherited tells Dormouse’s annotations of the namespace, as they are now', async () => {
    await annotate({ 'dormouse/idle-after': '2h', 'example.com/team': 'search' });
    expect(await visits().readInherited()).toEqual({ 'dormouse/idle-after': '2h' });
    await annotate({ 'dormouse/idle-after': 'never' });
    expect(await visits().readInherited()).toEqual({ 'dormouse/idle-after': 'never' });
    await annotate({ 'dormouse/idle-after': null, 'example.com/team': null });
    expect(await visits().readInherited()).toEqual({});
  });

  test('readInherited reads no other namespace than its own', async () => {
    const { fullOf } = fixture();
    await expect(fullOf('default').readInherited()).rejects.toThrow(
      'may not get namespaces in namespace default: ',
    );
  });
}

function boundsContract(prefix: string, fixture: () => ClusterFixture, visits: () => VisitCluster): void {
  const autoscale = (name: string, kind: string, spec: object) =>
    fixture().admin.create(`/apis/autoscaling/v2/namespaces/${NAMESPACE}/horizontalpodautoscalers`, {
      metadata: { name },
      spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind, name }, ...spec },
    });

  test('listBounds tells the bounds of Deployments and StatefulSets, over several pages', async () => {
    const names = ['a', 'b', 'c', 'd'].map((letter) => `${prefix}-${letter}`);
    for (const name of names) await autoscale(name, 'Deployment', { minReplicas: 2, maxReplicas: 5 });
    await autoscale(`${prefix}-set`, 'StatefulSet', { minReplicas: 3, maxReplicas: 3 });
    const bounds = await visits().listBounds();
    for (const name of names) expect(bounds.get(`deployment/${name}`)).toEqual({ min: 2, max: 5 });
    expect(bounds.get(`statefulset/${prefix}-set`)).toEqual({ min: 3, max: 3 });
    expect(bounds.get(`deployment/${prefix}-set`)).toBeUndefined();
  });

  test('listBounds takes a lower bound that nobody wrote for 1', async () => {
    await autoscale(`${prefix}-unwritten`, 'Deployment', { maxReplicas: 4 });
    expect((await visits().listBounds()).get(`deployment/${prefix}-unwritten`)).toEqual({ min: 1, max: 4 });
  });

  test('listBounds leaves out what scales something else', async () => {
    const before = (await visits().listBounds()).size;
    await autoscale(`${prefix}-other`, 'ReplicaSet', { maxReplicas: 4 });
    expect((await visits().listBounds()).size).toBe(before);
  });
}

function jobsContract(fixture: () => ClusterFixture): void {
  const jobsOf = async (branch: string) => (await fixture().full.listJobs()).get(branch) ?? [];
  const isRunning = (branch: string, count: number) =>
    until(`${count} jobs of ${branch} run`, async () => (await jobsOf(branch)).length === count);

  test('listJobs tells a running Job of the branch’s name, and since when it runs', async () => {
    await createJob(fixture(), 'job-named--g');
    await isRunning('job-named--g', 1);
    const [job] = await jobsOf('job-named--g');
    expect(job?.name).toBe('job-named--g');
    expect(Math.abs((job?.startedMs ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  test('listJobs tells every running Job that a label gives to a branch, over several pages', async () => {
    const names = ['migrate', 'seed', 'index', 'warm', 'job-lent--g'];
    const labels = { 'dormouse/branch': 'job-owner--g' };
    for (const name of names) await createJob(fixture(), name, { labels });
    await isRunning('job-owner--g', names.length);
    expect((await jobsOf('job-owner--g')).map(({ name }) => name).sort()).toEqual(names.toSorted());
    expect(await jobsOf('job-lent--g')).toEqual([]);
  });

  test('listJobs leaves out a Job of a CronJob', async () => {
    const labels = { 'dormouse/branch': 'job-cron--g' };
    await createJob(fixture(), 'nightly-1', { labels, ownerReferences: [await createCronJob(fixture())] });
    await createJob(fixture(), 'by-hand', { labels });
    await isRunning('job-cron--g', 1);
    await until('the CronJob’s runs too', async () => (await readJob(fixture(), 'nightly-1')).active === 1);
    expect((await jobsOf('job-cron--g')).map(({ name }) => name)).toEqual(['by-hand']);
  });

  test('listJobs leaves out a Job that is suspended, or that belongs to no branch', async () => {
    const labels = { 'dormouse/branch': 'job-suspended--g' };
    await createJob(fixture(), 'suspended', { labels, suspend: true });
    await createJob(fixture(), 'nobodys-job');
    await until('the other runs', async () => (await readJob(fixture(), 'nobodys-job')).active === 1);
    expect(await jobsOf('job-suspended--g')).toEqual([]);
    const all = [...(await fixture().full.listJobs()).values()].flat();
    expect(all.map(({ name }) => name)).not.toContain('nobodys-job');
  });
}

const BATCH = `/apis/batch/v1/namespaces/${NAMESPACE}`;

type JobShape = {
  readonly labels?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly object[];
  readonly suspend?: boolean;
};

/** Where no controller runs it, its status says so by hand. */
async function createJob(
  { admin }: ClusterFixture,
  name: string,
  { suspend = false, labels = {}, ownerReferences = [] }: JobShape = {},
): Promise<void> {
  const metadata = { name, labels, ownerReferences };
  await admin.create(`${BATCH}/jobs`, { metadata, spec: { suspend, template: JOB_TEMPLATE } });
  if (!suspend) await admin.patch(`${BATCH}/jobs/${name}/status`, { status: { active: 1 } });
}

const JOB_TEMPLATE = {
  spec: { restartPolicy: 'Never', containers: [{ name: 'job', image: 'registry.example/job:1' }] },
};

async function readJob({ admin }: ClusterFixture, name: string): Promise<{ active?: number }> {
  return (await admin.get<{ status: { active?: number } }>(`${BATCH}/jobs/${name}`)).status;
}

/** One that starts nothing by itself; what refers to it. */
async function createCronJob({ admin }: ClusterFixture): Promise<object> {
  const spec = {
    schedule: '0 3 * * *',
    suspend: true,
    jobTemplate: { spec: { template: JOB_TEMPLATE } },
  };
  const metadata = { name: 'nightly' };
  const { metadata: made } = await admin.create<{ metadata: { uid: string } }>(`${BATCH}/cronjobs`, {
    metadata,
    spec,
  });
  return { apiVersion: 'batch/v1', kind: 'CronJob', name: 'nightly', uid: made.uid, controller: true };
}
