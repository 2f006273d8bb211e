import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGkeCluster } from '../../../shared/adapters/kubernetes/gke-cluster.ts';
import type { Cluster } from '../../../shared/ports.ts';
import { describeWith } from '../../parts/part.ts';
import {
  createBranch,
  createNamespace,
  deleteBranch,
  workloadManifest,
} from '../../world/branch-manifests.ts';
import { type FunctionProcess, startFunction } from '../../world/function-process.ts';
import { createKubernetesApi, KubernetesApiError } from '../../world/kubernetes-api.ts';
import { ACCOUNTS } from '../../world/planned-access.ts';
import { eventually } from '../visits.ts';
import {
  type Account,
  NAMESPACE,
  type PrivilegedWorld,
  pairsOf,
  rulesOf,
  startPrivilegedWorld,
} from './privileged-world.ts';
import { askWhatMayBeDone, everyQuestion, type Question } from './reviews.ts';
import { tellSleepStory } from './sleep-story.ts';
import { tellWakeStory } from './wake-story.ts';

const OTHER_NAMESPACE = 'production';
const STORIES = { wake: tellWakeStory, sleep: tellSleepStory };
const ACCOUNT_NAMES: readonly Account[] = ['wake', 'sleep'];
/** What Kubernetes lets anybody do who has proved who he is: to ask what he may do. */
const ANYBODY = [
  'create authentication.k8s.io selfsubjectreviews',
  'create authorization.k8s.io selfsubjectaccessreviews',
  'create authorization.k8s.io selfsubjectrulesreviews',
];

describeWith(
  ['control-plane', 'terraform', 'terraform-providers'],
  'what Terraform grants in a real cluster',
  () => {
    let world: PrivilegedWorld;
    let questions: readonly Question[];

    beforeAll(async () => {
      world = await startPrivilegedWorld();
      await createNamespace(world.api, OTHER_NAMESPACE);
      questions = await everyQuestion(world.api);
    });
    afterAll(() => world?.stop());

    const planned = (account: Account) => pairsOf(world.access.roles[account].rules);
    const userOf = (account: Account) => world.controlPlane.server(ACCOUNTS[account].email);
    const mayDo = async (user: ReturnType<typeof userOf>, namespace?: string) => {
      const asked = questions.map((question) => ({
        ...question,
        ...(namespace === undefined ? {} : { namespace }),
      }));
      const allowed = await askWhatMayBeDone(user, asked);
      return allowed.map(({ verb, group, resource }) => `${verb} ${group} ${resource}`).sort();
    };

    /** Why a story fails; an empty text if it does not. RBAC takes some milliseconds to be in force. */
    const problemOf = (account: Account) =>
      STORIES[account](world, world.as(account)).then(
        () => '',
        (error: unknown) => String(error),
      );

    describe.each(ACCOUNT_NAMES)('%s', (account) => {
      test('does all of its work, and asks for everything that it may do', async () => {
        const transport = world.as(account);
        await STORIES[account](world, transport);
        expect([...transport.asked].sort()).toEqual([...planned(account)].sort());
      });

      test('fails without any single verb of any single resource', { timeout: 120_000 }, async () => {
        const withinTime = 10_000;
        try {
          for (const pair of planned(account)) {
            await world.allow(account, rulesOf(planned(account).filter((other) => other !== pair)));
            const [verb, , resource] = pair.split(' ');
            const refusal = `may not ${verb} ${resource} in namespace ${NAMESPACE}`;
            await eventually(
              () => problemOf(account),
              (problem) => problem.includes(refusal),
              withinTime,
            );
          }
        } finally {
          await world.allow(account, world.access.roles[account].rules);
        }
        await eventually(
          () => problemOf(account),
          (problem) => problem === '',
          withinTime,
        );
      });

      test('may do nothing else in its namespace, by its email or its number', async () => {
        const expected = [...planned(account), ...ANYBODY].sort();
        expect(questions.length).toBeGreaterThan(1_000);
        expect(await mayDo(userOf(account), NAMESPACE)).toEqual(expected);
        const byNumber = world.controlPlane.server(ACCOUNTS[account].uniqueId);
        expect(await mayDo(byNumber, NAMESPACE)).toEqual(expected);
      });

      test('may do nothing in another namespace or in the cluster', async () => {
        expect(await mayDo(userOf(account), OTHER_NAMESPACE)).toEqual([...ANYBODY].sort());
        expect(await mayDo(userOf(account))).toEqual([...ANYBODY].sort());
      });

      test('is refused when it tries', async () => {
        const name = `tempting-${account}--g`;
        await createBranch(world.api, { namespace: NAMESPACE, name });
        const api = createKubernetesApi(userOf(account));
        const apps = `/apis/apps/v1/namespaces/${NAMESPACE}`;
        const core = `/api/v1/namespaces/${NAMESPACE}`;
        const manifest = workloadManifest({ namespace: NAMESPACE, name: 'intruder--g' }, {});
        const tries = {
          'create a Deployment': () => api.create(`${apps}/deployments`, manifest),
          'patch a Deployment': () => api.patch(`${apps}/deployments/${name}`, { spec: { replicas: 0 } }),
          'delete a Deployment': () => api.delete(`${apps}/deployments/${name}`),
          'scale a ReplicaSet': () => api.patch(`${apps}/replicasets/x/scale`, { spec: { replicas: 0 } }),
          'read Secrets': () => api.get(`${core}/secrets`),
          'read logs': () => api.get(`${core}/pods/x/log`),
          'enter a pod': () => api.create(`${core}/pods/x/exec?command=sh`, {}),
          'make itself a token': () => api.create(`${core}/serviceaccounts/default/token`, {}),
          'widen its own Role': () =>
            api.patch(
              `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}/roles/${world.access.roles[account].metadata.name}`,
              { rules: [] },
            ),
          'look elsewhere': () => api.get(`/apis/apps/v1/namespaces/${OTHER_NAMESPACE}/deployments`),
        };
        const answers: [string, unknown][] = [];
        for (const [what, attempt] of Object.entries(tries)) answers.push([what, await statusOf(attempt())]);
        api.close();
        await deleteBranch(world.api, { namespace: NAMESPACE, name });
        expect(answers).toEqual(Object.keys(tries).map((what) => [what, 403]));
      });
    });

    test('the functions themselves wake, hold, show progress and sweep with it', async () => {
      const name = 'process--g';
      const folder = mkdtempSync(path.join(tmpdir(), 'dormouse-privilege-'));
      const running: FunctionProcess[] = [];
      const start = async (account: Account) => {
        const started = await startFunction({ target: account, env: envOf(world, account, folder) });
        running.push(started);
        return started.url;
      };
      try {
        const [wake, sleep] = await Promise.all([start('wake'), start('sleep')]);
        await createBranch(world.api, { namespace: NAMESPACE, name, workloads: [{ replicas: 0 }] });
        const headers = { 'X-Dormouse-Host': `${name}.example.com`, 'X-Dormouse-Proxy': 'proxy-1' };
        const ask = (where: string) => fetch(`${wake}${where}`, { headers });
        expect((await ask('/touch')).status).toBe(204);
        const [held, progress] = await Promise.all([ask('/hold'), ask('/progress')]);
        expect(held.headers.get('X-Accel-Redirect')).toBe('@awake');
        expect(await progress.text()).toContain('event: ready');
        const beat = await fetch(`${wake}/touch`, {
          headers: { ...headers, 'X-Dormouse-Host': 'heartbeat' },
        });
        expect(beat.status).toBe(204);
        const swept = await fetch(sleep, { method: 'POST' });
        expect([swept.status, await swept.json()]).toEqual([
          200,
          expect.objectContaining({ kept: { active: 1 }, failed: 0 }),
        ]);
      } finally {
        for (const each of running) await each.stop();
        await deleteBranch(world.api, { namespace: NAMESPACE, name });
        rmSync(folder, { recursive: true, force: true });
      }
    });

    describe('with the admission policy', () => {
      const branch = 'branch--g';
      const create = (name: string, kind: 'deployment' | 'statefulset', isLabelled = false) =>
        world.api.create(
          `/apis/apps/v1/namespaces/${NAMESPACE}/${kind}s`,
          workloadManifest({ namespace: NAMESPACE, name: branch }, { name, kind, replicas: 0, isLabelled }),
        );
      const cluster = (account: Account): Cluster =>
        createGkeCluster({ transport: world.as(account), namespace: NAMESPACE });
      const lower = async (ref: `${'deployment' | 'statefulset'}/${string}`) => {
        const workload = await cluster('sleep').readWorkload(ref);
        return cluster('sleep').lower(ref, workload?.resourceVersion ?? '');
      };

      beforeAll(async () => {
        for (const kind of ['deployment', 'statefulset'] as const) {
          await create(branch, kind);
          await create('worker', kind, true);
          await create('database', kind);
        }
        await applyPolicy(world);
        await eventually(
          () => statusOf(cluster('wake').raise('deployment/database', 0)),
          (answer) => String(answer).includes('Dormouse scales branches only'),
        );
        await eventually(
          () => statusOf(cluster('wake').raise('statefulset/database', 0)),
          (answer) => String(answer).includes('Dormouse scales branches only'),
        );
      });

      test.each(['deployment', 'statefulset'] as const)(
        'both scale a branch by its name, a %s',
        async (kind) => {
          expect(await cluster('wake').raise(`${kind}/${branch}`, 1)).toBe('raised');
          await eventually(
            () => lower(`${kind}/${branch}`),
            (answer) => answer === 'lowered',
          );
        },
      );

      test.each(['deployment', 'statefulset'] as const)(
        'both scale a branch by its label, a %s',
        async (kind) => {
          expect(await cluster('wake').raise(`${kind}/worker`, 1)).toBe('raised');
          await eventually(
            () => lower(`${kind}/worker`),
            (answer) => answer === 'lowered',
          );
        },
      );

      test.each(['deployment', 'statefulset'] as const)(
        'neither scales what is no branch, a %s',
        async (kind) => {
          const path = `/apis/apps/v1/namespaces/${NAMESPACE}/${kind}s/database`;
          const refusal = /Dormouse scales branches only: database is not named \*--g/;
          await expect(cluster('wake').raise(`${kind}/database`, 1)).rejects.toThrow(refusal);
          await world.api.patch(`${path}/scale`, { spec: { replicas: 2 } });
          const answer = await eventually(
            () => statusOf(lower(`${kind}/database`)),
            (answer) => answer !== 'conflict', // with a status that was written meanwhile
          );
          expect(answer).toMatch(refusal);
          expect((await world.api.get<{ spec: object }>(path)).spec).toMatchObject({ replicas: 2 });
        },
      );
    });
  },
);

async function statusOf(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    return error instanceof KubernetesApiError ? error.status : String(error);
  }
}

async function applyPolicy({ access, controlPlane }: PrivilegedWorld): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'dormouse-policy-'));
  const file = path.join(folder, 'policy.yaml');
  writeFileSync(file, access.admissionPolicy);
  await controlPlane.kubectl('apply', '-f', file).finally(() => rmSync(folder, { recursive: true }));
}

function envOf({ controlPlane }: PrivilegedWorld, account: Account, folder: string): Record<string, string> {
  const file = path.join(folder, `${account}.json`);
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'test', cluster: { server: controlPlane.url, 'certificate-authority': controlPlane.caFile } },
    ],
    users: [{ name: account, user: { token: controlPlane.token(ACCOUNTS[account].email) } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: account } }],
    'current-context': 'test',
  };
  writeFileSync(file, JSON.stringify(kubeconfig));
  return {
    DORMOUSE_CLUSTER: 'miniature',
    DORMOUSE_NAMESPACE: NAMESPACE,
    DORMOUSE_KUBECONFIG: file,
    DORMOUSE_SQLITE_FILE: path.join(folder, 'records.sqlite'),
  };
}
