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
  serviceManifest,
  workloadManifest,
} from '../../world/branch-manifests.ts';
import { type FunctionProcess, startFunction } from '../../world/function-process.ts';
import { createKubernetesApi, type KubernetesApi, KubernetesApiError } from '../../world/kubernetes-api.ts';
import { ACCOUNTS } from '../../world/planned-access.ts';
import { eventually } from '../visits.ts';
import { grantsOf, rulesOf, textOf } from './grants.ts';
import {
  type Account,
  NAMESPACE,
  type PrivilegedWorld,
  type Switch,
  startPrivilegedWorld,
} from './privileged-world.ts';
import { askWhatMayBeDone, everyQuestion, type Question } from './reviews.ts';
import { tellSleepStory } from './sleep-story.ts';
import { tellWakeStory } from './wake-story.ts';

const OTHER_NAMESPACE = 'production';
const STORIES = { wake: tellWakeStory, sleep: tellSleepStory };
/** In this order, since rights that are taken away take their time: what is left of them would be in the way. */
const CASES: readonly { readonly who: string; readonly account: Account; readonly switched: Switch }[] = [
  { who: 'wake', account: 'wake', switched: 'off' },
  { who: 'sleep', account: 'sleep', switched: 'off' },
  { who: 'wake, where sleep may delete', account: 'wake', switched: 'on' },
  { who: 'sleep, where it may delete', account: 'sleep', switched: 'on' },
];
const RBAC_WITHIN_MS = 30_000;
const APPS = `/apis/apps/v1/namespaces/${NAMESPACE}`;
const CORE = `/api/v1/namespaces/${NAMESPACE}`;
const REFUSED = {
  events: 'Dormouse may not CREATE events',
  services: 'Dormouse may not DELETE services',
  deployments: 'Dormouse may not DELETE deployments',
};
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

    const userOf = (account: Account) => world.controlPlane.server(ACCOUNTS[account].email);
    const mayDo = async (
      user: ReturnType<typeof userOf>,
      where: Pick<Question, 'namespace' | 'name'> = {},
    ) => {
      const asked = questions.map((question) => ({ ...question, ...where }));
      const allowed = await askWhatMayBeDone(user, asked);
      return allowed.map(textOf).sort();
    };

    describe.each(CASES)('$who', ({ account, switched }) => {
      const planned = () => grantsOf(world.access[switched].roles[account].rules);
      /** Why the story fails; an empty text if it does not. RBAC takes some milliseconds to be in force. */
      const problemOf = () =>
        STORIES[account](world, world.as(account), switched).then(
          () => '',
          (error: unknown) => String(error),
        );

      beforeAll(async () => {
        await world.allow(account, world.access[switched].roles[account].rules);
        const questions = planned().map((grant) => ({ ...grant, namespace: NAMESPACE }));
        await eventually(
          () => askWhatMayBeDone(userOf(account), questions),
          (allowed) => allowed.length === questions.length,
          RBAC_WITHIN_MS,
        );
      });

      test('does all of its work, and asks for everything that it may do', async () => {
        const transport = world.as(account);
        await STORIES[account](world, transport, switched);
        expect([...transport.asked].sort()).toEqual(planned().map(textOf).sort());
      });

      test('fails without any single verb of any single resource', { timeout: 600_000 }, async () => {
        const all = planned();
        try {
          for (const grant of all) {
            await world.allow(account, rulesOf(all.filter((other) => other !== grant)));
            const refusal = `may not ${grant.verb} ${grant.resource} in namespace ${NAMESPACE}`;
            await eventually(problemOf, (problem) => problem.includes(refusal), RBAC_WITHIN_MS);
          }
        } finally {
          await world.allow(account, world.access[switched].roles[account].rules);
        }
        await eventually(problemOf, (problem) => problem === '', RBAC_WITHIN_MS);
      });

      test('may do nothing else in its namespace, by its email or its number', async () => {
        const ofAll = planned().filter(({ name }) => name === undefined);
        const expected = [...ofAll.map(textOf), ...ANYBODY].sort();
        expect(questions.length).toBeGreaterThan(1_000);
        expect(await mayDo(userOf(account), { namespace: NAMESPACE })).toEqual(expected);
        const byNumber = world.controlPlane.server(ACCOUNTS[account].uniqueId);
        expect(await mayDo(byNumber, { namespace: NAMESPACE })).toEqual(expected);
      });

      test('may besides read its own namespace, and do nothing else with it', async () => {
        const expected = [...planned().map(textOf), ...ANYBODY].sort();
        expect(await mayDo(userOf(account), { namespace: NAMESPACE, name: NAMESPACE })).toEqual(expected);
      });

      test('may do nothing in another namespace or in the cluster', async () => {
        const nothing = [...ANYBODY].sort();
        const other = { namespace: OTHER_NAMESPACE, name: OTHER_NAMESPACE };
        expect(await mayDo(userOf(account), other)).toEqual(nothing);
        expect(await mayDo(userOf(account), { name: NAMESPACE })).toEqual(nothing);
        expect(await mayDo(userOf(account))).toEqual(nothing);
      });

      test('is refused when it tries', async () => {
        const name = `tempting-${account}--g`;
        await createBranch(world.api, { namespace: NAMESPACE, name });
        const api = createKubernetesApi(userOf(account));
        const apps = `/apis/apps/v1/namespaces/${NAMESPACE}`;
        const core = `/api/v1/namespaces/${NAMESPACE}`;
        const manifest = workloadManifest({ namespace: NAMESPACE, name: 'intruder--g' }, {});
        const role = world.access[switched].roles[account].metadata.name;
        const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}`;
        const mayDelete = account === 'sleep' && switched === 'on';
        const tries = {
          'create a Deployment': () => api.create(`${apps}/deployments`, manifest),
          'patch a Deployment': () => api.patch(`${apps}/deployments/${name}`, { spec: { replicas: 0 } }),
          'delete all Deployments': () => api.delete(`${apps}/deployments`),
          'delete a volume': () => api.delete(`${core}/persistentvolumeclaims/x`),
          'delete a Job': () => api.delete(`/apis/batch/v1/namespaces/${NAMESPACE}/jobs/x`),
          'annotate its namespace': () => api.patch(core, { metadata: { annotations: { x: 'y' } } }),
          'delete its namespace': () => api.delete(core),
          'scale a ReplicaSet': () => api.patch(`${apps}/replicasets/x/scale`, { spec: { replicas: 0 } }),
          'read Secrets': () => api.get(`${core}/secrets`),
          'read logs': () => api.get(`${core}/pods/x/log`),
          'enter a pod': () => api.create(`${core}/pods/x/exec?command=sh`, {}),
          'make itself a token': () => api.create(`${core}/serviceaccounts/default/token`, {}),
          'widen its own Role': () => api.patch(`${rbac}/roles/${role}`, { rules: [] }),
          'look elsewhere': () => api.get(`/apis/apps/v1/namespaces/${OTHER_NAMESPACE}/deployments`),
          ...(mayDelete ? {} : { 'delete a Deployment': () => api.delete(`${apps}/deployments/${name}`) }),
          ...(mayDelete ? {} : { 'delete a Service': () => api.delete(`${core}/services/${name}`) }),
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
      /** `done`, or why not. */
      const as = async (account: Account, attempt: (api: KubernetesApi) => Promise<unknown>) => {
        const api = createKubernetesApi(userOf(account));
        const answer = await attempt(api)
          .then(() => 'done', String)
          .finally(api.close);
        return answer;
      };
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
        await applyPolicy(world, 'off');
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

      test('sleep tells Events, wake does not, and neither tells any in the name of others', async () => {
        const notice = {
          about: { kind: 'deployment', name: branch, uid: 'u' },
          reason: 'Contested',
        } as const;
        await allowAll(world);
        await cluster('sleep').tell({ ...notice, message: 'told' });
        const foreign = {
          metadata: { name: 'x.1', namespace: NAMESPACE },
          involvedObject: { namespace: NAMESPACE },
        };
        const forge = (account: Account, reportingComponent: string) =>
          as(account, (api) =>
            api.create(`${CORE}/events`, {
              ...foreign,
              reportingComponent,
              reportingInstance: 'x',
              action: 'x',
            }),
          );
        expect(await forge('wake', 'dormouse')).toContain(REFUSED.events);
        expect(await forge('sleep', 'kubelet')).toContain(REFUSED.events);
      });

      test('neither changes a workload itself, nor anything else, whatever RBAC allows', async () => {
        await allowAll(world);
        const path = `${APPS}/deployments/${branch}`;
        for (const account of ['wake', 'sleep'] as const) {
          const tries = [
            as(account, (api) => api.patch(path, { spec: { replicas: 1 } })),
            as(account, (api) => api.patch(path, { metadata: { labels: { 'dormouse/branch': branch } } })),
            as(account, (api) => api.create(`${CORE}/configmaps`, { metadata: { name: 'intruder' } })),
            as(account, (api) => api.create(`${CORE}/pods/x/exec?command=sh`, {})),
            as(account, (api) => api.patch(`${path}/status`, { status: { replicas: 9 } })),
            as(account, (api) => api.delete(path)),
            as(account, (api) => api.delete(`${APPS}/deployments/database`)),
          ];
          for (const answer of await Promise.all(tries)) expect(answer).toContain('Dormouse may not');
        }
      });

      test('with the switch sleep deletes what belongs to a branch, and nothing else', async () => {
        await allowAll(world);
        await createBranch(world.api, { namespace: NAMESPACE, name: 'old--g' });
        await create('companion', 'deployment', true);
        await world.api.create(`${CORE}/services`, serviceManifest({ namespace: NAMESPACE, name: 'shop' }));
        await world.api.create(`${CORE}/configmaps`, { metadata: { name: 'settings' } });
        await applyPolicy(world, 'on');
        const remove = (account: Account, path: string) => as(account, (api) => api.delete(path));
        await eventually(
          () => remove('sleep', `${APPS}/deployments/old--g`),
          (answer) => answer === 'done',
        );
        expect(await remove('sleep', `${APPS}/deployments/companion`)).toBe('done');
        expect(await remove('wake', `${CORE}/services/old--g`)).toContain(REFUSED.services);
        expect(await remove('sleep', `${CORE}/services/old--g`)).toBe('done');
        expect(await remove('sleep', `${CORE}/services/shop`)).toContain(REFUSED.services);
        expect(await remove('sleep', `${APPS}/deployments/database`)).toContain(REFUSED.deployments);
        expect(await remove('sleep', `${APPS}/statefulsets/database`)).toContain('Dormouse may not DELETE');
        expect(await remove('sleep', `${CORE}/configmaps/settings`)).toContain('Dormouse may not DELETE');
      });
    });
  },
);

/** More than any Role of ours: what is left to the policy shows. */
async function allowAll(world: PrivilegedWorld): Promise<void> {
  const all = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];
  for (const account of ['wake', 'sleep'] as const) {
    await world.allow(account, all);
    const question = { verb: 'create', group: '', resource: 'secrets', namespace: NAMESPACE };
    await eventually(
      () => askWhatMayBeDone(world.controlPlane.server(ACCOUNTS[account].email), [question]),
      (allowed) => allowed.length === 1,
      RBAC_WITHIN_MS,
    );
  }
}

async function statusOf(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    return error instanceof KubernetesApiError ? error.status : String(error);
  }
}

async function applyPolicy({ access, controlPlane }: PrivilegedWorld, switched: Switch): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'dormouse-policy-'));
  const file = path.join(folder, 'policy.yaml');
  writeFileSync(file, access[switched].admissionPolicy);
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
