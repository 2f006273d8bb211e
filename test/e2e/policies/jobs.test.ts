import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import { eventually } from '../visits.ts';
import { IDLE_MS, NAMESPACE, type PoliciesWorld, startPoliciesWorld } from './policies-world.ts';

const PARTS = ['control-plane', 'firestore-emulator', 'nginx'] as const;
const JOB_MS = 15_000;
const JOBS = `/apis/batch/v1/namespaces/${NAMESPACE}/jobs`;

type Job = { readonly status?: { readonly active?: number; readonly succeeded?: number } };

describeWith(PARTS, 'a Job of a branch', () => {
  let world: PoliciesWorld;

  beforeAll(async () => {
    world = await startPoliciesWorld(({ metadata: { labels } }) => {
      const isOfJob = labels?.['batch.kubernetes.io/job-name'] !== undefined;
      return isOfJob ? { crashAfterMs: JOB_MS, exitCode: 0 } : { startMs: 100 };
    });
  });
  afterAll(() => world?.stop());

  const statusOf = async (name: string) => (await world.api.get<Job>(`${JOBS}/${name}`)).status;
  const isAtWork = (name: string) =>
    eventually(
      () => statusOf(name),
      (status) => status?.active === 1,
    );

  test('keeps it awake while it runs, unless a CronJob started it', async () => {
    const [migrating = '', nightly = ''] = await Promise.all(
      ['migrating--g', 'nightly--g'].map((name) => world.begin(name)),
    );
    await world.api.create(JOBS, job('migrate', 'migrating--g'));
    const cronJob = { ...job('report', 'nightly--g'), kind: 'CronJob' };
    const spec = { schedule: '0 0 1 1 *', jobTemplate: { metadata: cronJob.metadata, spec: cronJob.spec } };
    await world.api.create(JOBS.replace('jobs', 'cronjobs'), { ...cronJob, spec });
    const kubectl = ['-n', NAMESPACE, 'create', 'job', 'report-now', '--from=cronjob/report'];
    await world.controlPlane.kubectl(...kubectl);
    await Promise.all(['migrate', 'report-now'].map(isAtWork));
    await world.sweepUntilAsleep(nightly);
    expect(await statusOf('report-now')).toMatchObject({ active: 1 });
    const { slept, reasons } = await world.sweepFor(IDLE_MS / 2);
    expect([slept, [...reasons]]).toEqual([0, expect.arrayContaining(['job-running'])]);
    await world.sweepUntilAsleep(migrating);
    expect(await statusOf('migrate')).toMatchObject({ succeeded: 1 });
  });
});

function job(name: string, branch: string) {
  const labels = { 'dormouse/branch': branch };
  const containers = [{ name: 'work', image: 'registry.example/work:1' }];
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace: NAMESPACE, labels },
    spec: { template: { spec: { restartPolicy: 'Never', containers } } },
  };
}
