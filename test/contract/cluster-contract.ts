import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Authorize } from '../../shared/adapters/rest/rest-transport.ts';
import type { WorkloadRef } from '../../shared/core/workload.ts';
import { ClusterError, type VisitCluster } from '../../shared/ports.ts';
import {
  bearer,
  type ClusterFixture,
  type ContractServer,
  NAMESPACE,
  pathOf,
  startClusterFixture,
  until,
  type WorkloadJson,
} from './cluster-fixture.ts';
import { factsContract } from './facts-contract.ts';
import { surroundingsContract } from './surroundings-contract.ts';
import { sweepWritesContract } from './sweep-writes-contract.ts';

/**
 * What the ports `VisitCluster` and `Cluster` promise, on any API server.
 * @param more what is true of this server alone
 */
export function clusterContract(
  name: string,
  start: () => Promise<ContractServer>,
  more?: (fixture: () => ClusterFixture) => void,
): void {
  describe(`cluster contract on ${name}`, () => {
    let fixture: ClusterFixture;
    beforeAll(async () => {
      fixture = await startClusterFixture(start);
    });
    afterAll(() => fixture?.stop());
    describe('light adapter', () => visitsContract('light', () => fixture));
    describe('full adapter', () => visitsContract('full', () => fixture));
    describe('sweep', () => sweepContract(() => fixture));
    describe('surroundings', () => surroundingsContract(() => fixture));
    describe('other writes of a sweep', () => sweepWritesContract(() => fixture));
    describe('facts', () => factsContract(() => fixture));
    if (more !== undefined) describe('facts of this server', () => more(() => fixture));
  });
}

type Suite = {
  readonly fixture: () => ClusterFixture;
  readonly visits: () => VisitCluster;
  readonly prefix: string;
};

function visitsContract(adapter: 'light' | 'full', fixture: () => ClusterFixture): void {
  const suite = { fixture, visits: () => fixture()[adapter], prefix: adapter };
  readBranchContract(suite);
  readWorkloadContract(suite);
  raiseContract(suite);
  lastEditContract(suite);
  rolloutContract(suite);
  identityContract(suite);
  refusalContract(suite, adapter);
}

function readBranchContract({ fixture, visits, prefix }: Suite): void {
  test('hasService tells whether a Service bears the name, and needs no workload', async () => {
    await fixture().createService(`${prefix}served--g`);
    expect(await visits().hasService(`${prefix}served--g`)).toBe(true);
    expect(await visits().hasService(`${prefix}nobody--g`)).toBe(false);
  });

  const branch = (name: string) => `${prefix}-${name}--g`;
  const refsOf = async (name: string) => {
    const workloads = await visits().readBranch(name);
    return workloads.map((workload) => `${workload.kind}/${workload.name}`).sort();
  };

  test('readBranch tells what Dormouse reads of a Deployment of the branch’s name', async () => {
    const annotations = { 'dormouse/idle-after': '45m', 'example.com/other': 'x' };
    await fixture().create(`deployment/${branch('read')}`, { replicas: 2, annotations });
    const [workload, ...others] = await visits().readBranch(branch('read'));
    expect(others).toEqual([]);
    expect(workload).toMatchObject({ kind: 'deployment', name: branch('read'), replicas: 2 });
    expect(workload?.annotations).toEqual({ 'dormouse/idle-after': '45m' });
    expect(workload).not.toHaveProperty('branchLabel');
    expect(Math.abs((workload?.createdMs ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  test('readBranch finds every workload with the branch’s label, and each once', async () => {
    const labels = { 'dormouse/branch': branch('many') };
    await fixture().create(`deployment/${branch('many')}`, { labels });
    await fixture().create(`deployment/${prefix}-worker`, { labels });
    await fixture().create(`statefulset/${prefix}-cache`, { labels });
    expect(await refsOf(branch('many'))).toEqual([
      `deployment/${branch('many')}`,
      `deployment/${prefix}-worker`,
      `statefulset/${prefix}-cache`,
    ]);
  });

  test('readBranch leaves out the workload of its name when a label gives it to another branch', async () => {
    const labels = { 'dormouse/branch': branch('owner') };
    await fixture().create(`deployment/${branch('lent')}`, { labels });
    expect(await refsOf(branch('lent'))).toEqual([]);
    expect(await refsOf(branch('owner'))).toEqual([`deployment/${branch('lent')}`]);
  });

  test('readBranch finds a Deployment and a StatefulSet of the branch’s name', async () => {
    await fixture().create(`deployment/${branch('both')}`);
    await fixture().create(`statefulset/${branch('both')}`);
    expect(await refsOf(branch('both'))).toEqual([
      `deployment/${branch('both')}`,
      `statefulset/${branch('both')}`,
    ]);
  });

  test('readBranch is empty where Kubernetes has nothing', async () => {
    expect(await refsOf(branch('nobody'))).toEqual([]);
  });

  test('readBranch asks Kubernetes nothing about a name that no Service could bear', async () => {
    const before = fixture().requests.length;
    const names = [
      '',
      'UPPER--g',
      '../pods--g',
      'a/b--g',
      'a.b--g',
      `${'a'.repeat(61)}--g`,
      '-a--g',
      'a,b--g',
    ];
    for (const name of names) expect(await visits().readBranch(name)).toEqual([]);
    expect(fixture().requests.length).toBe(before);
  });
}

function readWorkloadContract({ fixture, visits, prefix }: Suite): void {
  test('readWorkload reads one workload, whoever it belongs to', async () => {
    const labels = { 'dormouse/branch': 'somebody--g' };
    await fixture().create(`statefulset/${prefix}-one`, { labels, replicas: 3 });
    const workload = await visits().readWorkload(`statefulset/${prefix}-one`);
    expect(workload).toMatchObject({ kind: 'statefulset', branchLabel: 'somebody--g', replicas: 3 });
  });

  test('readWorkload takes replicas that nobody wrote for 1', async () => {
    await fixture().create(`deployment/${prefix}-unwritten`);
    expect(await visits().readWorkload(`deployment/${prefix}-unwritten`)).toMatchObject({ replicas: 1 });
  });

  test('readWorkload and raise work on a name with dots', async () => {
    await fixture().create(`deployment/${prefix}.with.dots--g`, { replicas: 0 });
    expect(await visits().raise(`deployment/${prefix}.with.dots--g`, 1)).toBe('raised');
    expect(await visits().readWorkload(`deployment/${prefix}.with.dots--g`)).toMatchObject({ replicas: 1 });
  });

  test('readWorkload is undefined where there is none, and for a kind of another name', async () => {
    await fixture().create(`deployment/${prefix}-kind`);
    expect(await visits().readWorkload(`deployment/${prefix}-missing`)).toBeUndefined();
    expect(await visits().readWorkload(`statefulset/${prefix}-kind`)).toBeUndefined();
  });

  test('readWorkload asks Kubernetes nothing about a name that no workload could bear', async () => {
    const before = fixture().requests.length;
    const names = ['', 'a/../b', 'a..b', 'a%2Fb', 'A', 'a?watch=true', 'x'.repeat(254)];
    for (const name of names) expect(await visits().readWorkload(`deployment/${name}`)).toBeUndefined();
    expect(fixture().requests.length).toBe(before);
  });
}

function raiseContract({ fixture, visits, prefix }: Suite): void {
  test.for(['deployment', 'statefulset'] as const)('raise scales a %s up from 0', async (kind) => {
    const ref: WorkloadRef = `${kind}/${prefix}-asleep`;
    await fixture().create(ref, { replicas: 0 });
    expect(await visits().raise(ref, 2)).toBe('raised');
    expect((await fixture().read(ref)).spec.replicas).toBe(2);
  });

  test('raise leaves a workload alone that is not at 0', async () => {
    const ref: WorkloadRef = `deployment/${prefix}-awake`;
    await fixture().create(ref, { replicas: 1 });
    expect(await visits().raise(ref, 5)).toBe('not-at-zero');
    expect((await fixture().read(ref)).spec.replicas).toBe(1);
  });

  test('raise that Kubernetes refuses for another reason is a ClusterError that tells it', async () => {
    const ref: WorkloadRef = `deployment/${prefix}-refused`;
    await fixture().create(ref, { replicas: 0 });
    await expect(visits().raise(ref, -1)).rejects.toThrow(/could not patch deployments\/scale .*-1/);
  });

  test('raise names Dormouse as the one who writes', async () => {
    const ref: WorkloadRef = `deployment/${prefix}-audited`;
    await fixture().create(ref, { replicas: 0 });
    await visits().raise(ref, 1);
    expect(fixture().requests.at(-1)).toMatchObject({ query: { fieldManager: 'dormouse' } });
  });

  test('raise tells that a workload is gone', async () => {
    const ref: WorkloadRef = `deployment/${prefix}-gone`;
    await fixture().create(ref, { replicas: 0 });
    await fixture().remove(ref);
    await until('it is gone', async () => (await visits().readWorkload(ref)) === undefined);
    expect(await visits().raise(ref, 1)).toBe('gone');
  });

  test('raise succeeds once when several try at the same time', async () => {
    const ref: WorkloadRef = `deployment/${prefix}-race`;
    await fixture().create(ref, { replicas: 0 });
    const outcomes = await Promise.all([1, 2, 3, 4].map((replicas) => visits().raise(ref, replicas)));
    expect(outcomes.sort()).toEqual(['not-at-zero', 'not-at-zero', 'not-at-zero', 'raised']);
  });

  test('raise succeeds although a controller wrote the status a moment ago', async () => {
    const ref: WorkloadRef = `deployment/${prefix}-busy`;
    await fixture().create(ref, { replicas: 0 });
    const raised = visits().raise(ref, 1);
    await fixture().patch(ref, { status: { collisionCount: 1 } }, '/status');
    expect(await raised).toBe('raised');
  });

  test('raise changes nothing but the number of replicas', async () => {
    const ref: WorkloadRef = `deployment/${prefix}-whole`;
    await fixture().create(ref, { replicas: 0, annotations: { 'example.com/note': 'kept' } });
    const before = await readSettled(fixture(), ref);
    await visits().raise(ref, 1);
    const after = await readSettled(fixture(), ref);
    expect(after.spec.replicas).toBe(1);
    expect(withoutReplicas(after)).toEqual(withoutReplicas(before));
  });
}

function lastEditContract({ fixture, visits, prefix }: Suite): void {
  const readEdit = async (ref: WorkloadRef) => (await visits().readWorkload(ref))?.lastEditMs ?? 0;

  test('lastEditMs is the creation of a workload that nobody edited', async () => {
    await fixture().create(`deployment/${prefix}-new`);
    const workload = await visits().readWorkload(`deployment/${prefix}-new`);
    expect(workload?.lastEditMs).toBe(workload?.createdMs);
  });

  test('lastEditMs stays when a workload is scaled and when controllers write', async () => {
    const ref: WorkloadRef = `deployment/${prefix}-scaled`;
    await fixture().create(ref, { replicas: 0 });
    const before = await readEdit(ref);
    await until('the next second', () => Date.now() > before + 1_100);
    await visits().raise(ref, 1);
    await readSettled(fixture(), ref);
    await fixture().patch(ref, { status: { collisionCount: 1 } }, '/status');
    expect(await readEdit(ref)).toBe(before);
  });

  test('lastEditMs moves when somebody annotates a workload', async () => {
    const ref: WorkloadRef = `statefulset/${prefix}-edited`;
    await fixture().create(ref);
    const before = await readEdit(ref);
    await until('the next second', () => Date.now() > before + 1_100);
    await fixture().patch(ref, { metadata: { annotations: { 'example.com/deployed': 'again' } } });
    expect(await readEdit(ref)).toBeGreaterThan(before);
  });
}

function rolloutContract({ fixture, visits, prefix }: Suite): void {
  const newImage = {
    spec: { template: { spec: { containers: [{ name: 'app', image: 'registry.example/app:2' }] } } },
  };
  const isUnfinished = async (ref: WorkloadRef) => (await visits().readWorkload(ref))?.isRolloutUnfinished;

  test.for(['deployment', 'statefulset'] as const)(
    'isRolloutUnfinished tells that pods of an older revision of a %s are left',
    async (kind) => {
      const ref: WorkloadRef = `${kind}/${prefix}-rollout`;
      await fixture().create(ref, { replicas: 2 });
      await until('the first rollout is finished', async () => {
        const { replicas } = (await fixture().read(ref)).status;
        return (replicas ?? 0) > 0 && !(await isUnfinished(ref));
      });
      await fixture().patch(ref, newImage);
      await readSettled(fixture(), ref);
      await until('it is unfinished', async () => (await isUnfinished(ref)) === true);
    },
  );
}

function identityContract({ fixture, visits, prefix }: Suite): void {
  const read = async (ref: WorkloadRef) => (await visits().readWorkload(ref)) ?? expect.fail(`no ${ref}`);
  const hasRevision = (ref: WorkloadRef, differsFrom?: string) =>
    until('its template is seen', async () => {
      const { revision } = await read(ref);
      return revision !== undefined && revision !== differsFrom;
    });
  const newTemplate = { spec: { template: { metadata: { annotations: { 'example.com/version': '2' } } } } };

  test('uid tells one that was made again under the name', async () => {
    const ref: WorkloadRef = `deployment/${prefix}-twice`;
    await fixture().create(ref, { replicas: 0 });
    const { uid } = await read(ref);
    await fixture().remove(ref);
    await until('it is gone', async () => (await visits().readWorkload(ref)) === undefined);
    await fixture().create(ref, { replicas: 0 });
    expect(uid).toMatch(/^[0-9a-f-]{36}$/);
    expect((await read(ref)).uid).not.toBe(uid);
  });

  test.for([
    ['deployment', 0],
    ['deployment', 1],
    ['statefulset', 0],
    ['statefulset', 1],
  ] as const)('revision of a %s with %i replicas moves with its template', async ([kind, replicas]) => {
    const ref: WorkloadRef = `${kind}/${prefix}-revision-${replicas}`;
    await fixture().create(ref, { replicas });
    await hasRevision(ref);
    const { revision } = await read(ref);
    await fixture().patch(ref, newTemplate);
    await hasRevision(ref, revision);
  });

  test.for(['deployment', 'statefulset'] as const)(
    'revision of a %s stays when it is scaled, labelled and annotated',
    async (kind) => {
      const ref: WorkloadRef = `${kind}/${prefix}-same-revision`;
      await fixture().create(ref, { replicas: 0 });
      await hasRevision(ref);
      const { revision } = await read(ref);
      await visits().raise(ref, 1);
      const marks = { 'example.com/a': 'b' };
      await fixture().patch(ref, { metadata: { labels: marks, annotations: marks } });
      await readSettled(fixture(), ref);
      await fixture().patch(ref, { spec: { replicas: 0 } });
      await readSettled(fixture(), ref);
      expect((await read(ref)).revision).toBe(revision);
    },
  );

  test.for([
    ['Argo CD', { annotations: { 'argocd.argoproj.io/tracking-id': 'app:apps/Deployment:staging/x' } }],
    ['Flux', { labels: { 'kustomize.toolkit.fluxcd.io/name': 'staging' } }],
    ['Flux', { labels: { 'helm.toolkit.fluxcd.io/name': 'staging' } }],
  ] as const)('trackedBy tells %s by its mark', async ([tool, shape]) => {
    const ref: WorkloadRef = `deployment/${prefix}-${JSON.stringify(shape).length}-tracked`;
    await fixture().create(ref, shape);
    expect(await read(ref)).toMatchObject({ trackedBy: tool });
  });

  test('trackedBy tells who wrote it last, and nobody for what a person wrote', async () => {
    const ref: WorkloadRef = `statefulset/${prefix}-written`;
    await fixture().create(ref, { labels: { 'app.kubernetes.io/instance': 'staging' } });
    expect(await read(ref)).not.toHaveProperty('trackedBy');
    const path = `${pathOf(ref)}?fieldManager=argocd-controller`;
    await fixture().admin.patch(path, { metadata: { annotations: { 'example.com/a': 'b' } } });
    expect(await read(ref)).toMatchObject({ trackedBy: 'Argo CD' });
  });
}

function refusalContract({ fixture, prefix }: Suite, adapter: 'light' | 'full'): void {
  const visitsOf = (authorize: Authorize) => fixture().connectAs(authorize)[adapter];

  test('a user without rights is told which, in a ClusterError', async () => {
    const stranger = visitsOf(bearer(fixture().tokens.stranger));
    const raised = stranger.raise(`deployment/${prefix}-any`, 1);
    await expect(raised).rejects.toBeInstanceOf(ClusterError);
    await expect(raised).rejects.toThrow(`may not patch deployments/scale in namespace ${NAMESPACE}: `);
    await expect(stranger.readBranch('any--g')).rejects.toThrow(
      /may not (list|get) \w+ in namespace staging: /,
    );
  });

  test('a token that was refused is renewed once', async () => {
    const renewals: boolean[] = [];
    const visits = visitsOf(({ renew }) => {
      renewals.push(renew);
      return bearer(renew ? fixture().tokens.dormouse : 'expired')({ renew });
    });
    expect(await visits.readWorkload(`deployment/${prefix}-nobody`)).toBeUndefined();
    expect(renewals).toEqual([false, true]);
  });

  test('a token that stays refused is a ClusterError that says so', async () => {
    const visits = visitsOf(bearer('wrong'));
    const read = visits.readWorkload(`deployment/${prefix}-any`);
    await expect(read).rejects.toThrow(/could not get deployments .* in namespace staging: 401/);
  });
}

function sweepContract(fixture: () => ClusterFixture): void {
  listContract(fixture);
  lowerContract(fixture);

  test('listWorkloads and lower of a user without rights are ClusterErrors that say which', async () => {
    const { full } = fixture().connectAs(bearer(fixture().tokens.stranger));
    await expect(full.listWorkloads()).rejects.toThrow(/may not list \w+ in namespace staging: /);
    const lowered = full.lower('statefulset/any', '1');
    await expect(lowered).rejects.toBeInstanceOf(ClusterError);
    await expect(lowered).rejects.toThrow('may not patch statefulsets/scale in namespace staging: ');
  });
}

function listContract(fixture: () => ClusterFixture): void {
  test('listWorkloads tells every workload once, over several pages', async () => {
    const refs = [1, 2, 3, 4, 5, 6, 7].map((number): WorkloadRef => `deployment/page-${number}--g`);
    await Promise.all(refs.map((ref) => fixture().create(ref)));
    await fixture().create('statefulset/page-0--g');
    const listed = (await fixture().full.listWorkloads()).map(({ kind, name }) => `${kind}/${name}`);
    expect(listed).toEqual(expect.arrayContaining([...refs, 'statefulset/page-0--g']));
    expect(new Set(listed).size).toBe(listed.length);
  });

  test('listWorkloads tells of a workload what readWorkload tells', async () => {
    const shape = {
      replicas: 0,
      labels: { 'dormouse/branch': 'same--g' },
      annotations: { 'dormouse/replicas': '2' },
    };
    await fixture().create('deployment/same', shape);
    await until('no controller writes between the two', async () => {
      const read = await fixture().light.readWorkload('deployment/same');
      const listed = await fixture().full.listWorkloads();
      return isDeepStrictEqual(
        listed.find(({ name }) => name === 'same'),
        read,
      );
    });
  });
}

function lowerContract(fixture: () => ClusterFixture): void {
  const readVersion = async (ref: WorkloadRef) =>
    (await fixture().full.readWorkload(ref))?.resourceVersion ?? '';

  test.for(['deployment', 'statefulset'] as const)('lower scales a %s to 0', async (kind) => {
    const ref: WorkloadRef = `${kind}/idle--g`;
    await fixture().create(ref, { replicas: 2 });
    await readSettled(fixture(), ref);
    await until('no controller writes between', async () => {
      const outcome = await fixture().full.lower(ref, await readVersion(ref));
      return outcome === 'lowered';
    });
    expect(await fixture().full.readWorkload(ref)).toMatchObject({ replicas: 0 });
  });

  test('lower and raise together leave a workload as it was', async () => {
    const ref: WorkloadRef = 'deployment/round-trip--g';
    await fixture().create(ref, { replicas: 2 });
    const before = await readSettled(fixture(), ref);
    await until(
      'it is lowered',
      async () => (await fixture().full.lower(ref, await readVersion(ref))) === 'lowered',
    );
    expect((await readSettled(fixture(), ref)).spec.replicas).toBe(0);
    await fixture().light.raise(ref, 2);
    const after = await readSettled(fixture(), ref);
    expect(after.spec.replicas).toBe(2);
    expect(withoutReplicas(after)).toEqual(withoutReplicas(before));
  });

  test.for([
    ['an annotation', { metadata: { annotations: { 'example.com/a': 'b' } } }, undefined],
    ['a status write', { status: { collisionCount: 7 } }, '/status'],
  ] as const)('lower is a conflict after %s', async ([what, patch, subresource]) => {
    const ref: WorkloadRef = `deployment/moved-by-${what.replaceAll(' ', '-')}`;
    await fixture().create(ref, { replicas: 1 });
    const stale = await readVersion(ref);
    await fixture().patch(ref, patch, subresource);
    expect(await fixture().full.lower(ref, stale)).toBe('conflict');
    expect((await fixture().read(ref)).spec.replicas).toBe(1);
  });

  test('lower names Dormouse as the one who writes', async () => {
    await fixture().full.lower('deployment/never-was', '1');
    expect(fixture().requests.at(-1)).toMatchObject({ query: { fieldManager: 'dormouse' } });
  });

  test('lower tells that a workload is gone', async () => {
    expect(await fixture().full.lower('deployment/never-was', '1')).toBe('gone');
    expect(await fixture().full.lower('deployment/no/name', '1')).toBe('gone');
  });
}

/** Reads a workload when its controller has seen its newest generation. */
async function readSettled(fixture: ClusterFixture, ref: WorkloadRef): Promise<WorkloadJson> {
  await until('the controller has seen it', async () => {
    const { metadata, status } = await fixture.read(ref);
    return status.observedGeneration === metadata.generation;
  });
  return fixture.read(ref);
}

/** All that a scale must leave alone: the rest is Kubernetes' own bookkeeping. */
function withoutReplicas({ metadata, spec, status, ...rest }: WorkloadJson) {
  const { generation, resourceVersion, managedFields, ...keptMetadata } = metadata;
  const { replicas, ...keptSpec } = spec;
  return { ...rest, metadata: keptMetadata, spec: keptSpec };
}
