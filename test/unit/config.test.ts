import { describe, expect, test } from 'vitest';
import { ConfigError, parseConfig } from '../../shared/config.ts';

const PRODUCTION = {
  DORMOUSE_CLUSTER: 'staging',
  DORMOUSE_NAMESPACE: 'branches',
  DORMOUSE_GKE_ENDPOINT: 'gke-1234.europe-west1.gke.goog',
  DORMOUSE_FIRESTORE_DATABASE: 'dormouse',
  GOOGLE_CLOUD_PROJECT: 'my-project',
};

function problemsOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    parseConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test('parseConfig reads a production environment', () => {
  expect(parseConfig({ ...PRODUCTION, DORMOUSE_IDLE_AFTER_MINUTES: '45', PATH: '/bin' })).toMatchObject({
    kubernetes: { by: 'gke', endpoint: PRODUCTION.DORMOUSE_GKE_ENDPOINT },
    store: { kind: 'firestore', database: 'dormouse' },
    mode: 'on',
    isDryRun: false,
    timing: { idleAfterMs: 45 * 60_000, speed: 1 },
    expectedProxies: 1,
  });
});

test('parseConfig lists every problem at once', () => {
  const problems = problemsOf({
    DORMOUSE_CLUSTER: 'Not A Name',
    DORMOUSE_IDLE_AFTER_MINUTES: '4',
    DORMOUSE_MODE: 'maybe',
  });
  expect(problems.join('\n')).toMatch(/DORMOUSE_CLUSTER is wrong: must be the name of the cluster/);
  expect(problems.join('\n')).toMatch(/DORMOUSE_NAMESPACE is required/);
  expect(problems.join('\n')).toMatch(/DORMOUSE_IDLE_AFTER_MINUTES is wrong/);
  expect(problems.join('\n')).toMatch(/DORMOUSE_MODE is wrong/);
  expect(problems.join('\n')).toMatch(/set exactly one of DORMOUSE_GKE_ENDPOINT.*none is set/);
  expect(problems.join('\n')).toMatch(/set exactly one of DORMOUSE_FIRESTORE_DATABASE.*none is set/);
});

test('parseConfig names a variable that does not exist', () => {
  const problems = problemsOf({ ...PRODUCTION, DORMOUSE_IDEL_AFTER_MINUTES: '45' });
  expect(problems).toEqual([
    expect.stringMatching(/^DORMOUSE_IDEL_AFTER_MINUTES is not a variable of Dormouse/),
  ]);
});

test.each(['', 'x', '0', '4.5', '-5', '1e9'])('parseConfig refuses %j replicas of the proxy', (text) => {
  const problems = problemsOf({ ...PRODUCTION, DORMOUSE_EXPECTED_PROXIES: text });
  expect(problems).toHaveLength(text === '' ? 0 : 1); // empty counts as absent
});

test.each([
  ['4', 1],
  ['5', 0],
])('parseConfig takes an idle time of %s minutes: %i problems', (minutes, count) => {
  expect(problemsOf({ ...PRODUCTION, DORMOUSE_IDLE_AFTER_MINUTES: minutes })).toHaveLength(count);
});

describe('what excludes each other', () => {
  test('parseConfig wants one way to reach Kubernetes, not two and not none', () => {
    const two = problemsOf({ ...PRODUCTION, DORMOUSE_KUBERNETES_URL: 'http://127.0.0.1:8001' });
    const none = problemsOf({ ...PRODUCTION, DORMOUSE_GKE_ENDPOINT: undefined });
    expect(two).toEqual([expect.stringContaining('set exactly one of DORMOUSE_GKE_ENDPOINT')]);
    expect(none).toEqual([expect.stringContaining('none is set')]);
  });

  test('parseConfig uses the service account of a pod when nothing else is said', () => {
    const env = { ...PRODUCTION, DORMOUSE_GKE_ENDPOINT: undefined, KUBERNETES_SERVICE_HOST: '10.0.0.1' };
    expect(parseConfig(env).kubernetes).toEqual({ by: 'in-cluster' });
  });

  test('parseConfig wants one store', () => {
    const problems = problemsOf({ ...PRODUCTION, DORMOUSE_SQLITE_FILE: 'x.sqlite' });
    expect(problems).toEqual([expect.stringContaining('set exactly one of DORMOUSE_FIRESTORE_DATABASE')]);
  });

  test('parseConfig wants a project for Firestore', () => {
    const problems = problemsOf({ ...PRODUCTION, GOOGLE_CLOUD_PROJECT: '' });
    expect(problems).toEqual(['DORMOUSE_FIRESTORE_DATABASE needs GOOGLE_CLOUD_PROJECT']);
  });

  test('parseConfig refuses a context without its kubeconfig', () => {
    const problems = problemsOf({ ...PRODUCTION, DORMOUSE_KUBE_CONTEXT: 'staging' });
    expect(problems).toEqual([expect.stringContaining('DORMOUSE_KUBE_CONTEXT names a context')]);
  });

  test('parseConfig refuses a fast clock on GKE', () => {
    const problems = problemsOf({ ...PRODUCTION, DORMOUSE_CLOCK_SPEED: '60' });
    expect(problems).toEqual([expect.stringContaining('DORMOUSE_CLOCK_SPEED is for the demo')]);
  });
});

describe('who may call', () => {
  const CHECKED = {
    DORMOUSE_AUDIENCE: 'https://dormouse-wake-1.europe-west1.run.app',
    DORMOUSE_ALLOWED_CALLERS: 'Proxy@example.com, other@my-project.iam.gserviceaccount.com',
  };

  test('parseConfig reads audiences and callers, and knows none unless they are set', () => {
    expect(parseConfig({ ...PRODUCTION, ...CHECKED }).callerRules).toEqual({
      audiences: [CHECKED.DORMOUSE_AUDIENCE],
      allowedCallers: ['proxy@example.com', 'other@my-project.iam.gserviceaccount.com'],
    });
    expect(parseConfig(PRODUCTION)).not.toHaveProperty('callerRules');
  });

  test.each(['DORMOUSE_AUDIENCE', 'DORMOUSE_ALLOWED_CALLERS'])(
    'parseConfig refuses one without the other: %s is missing',
    (missing) => {
      const problems = problemsOf({ ...PRODUCTION, ...CHECKED, [missing]: '' });
      expect(problems).toEqual([
        'DORMOUSE_ALLOWED_CALLERS and DORMOUSE_AUDIENCE belong together: set both, or none',
      ]);
    },
  );

  test.each([
    { DORMOUSE_AUDIENCE: 'https://dormouse-wake-1.europe-west1.run.app/' },
    { DORMOUSE_AUDIENCE: 'http://dormouse-wake-1.europe-west1.run.app' },
    { DORMOUSE_AUDIENCE: `${CHECKED.DORMOUSE_AUDIENCE},` },
    { DORMOUSE_ALLOWED_CALLERS: '*' },
    { DORMOUSE_ALLOWED_CALLERS: 'serviceAccount' },
    { DORMOUSE_ALLOWED_CALLERS: 'a@example.com b@example.com' },
    { DORMOUSE_ALLOWED_CALLERS: 'a@example.com,,b@example.com' },
  ])('parseConfig refuses %j', (changes) => {
    const [name] = Object.keys(changes);
    expect(problemsOf({ ...PRODUCTION, ...CHECKED, ...changes })).toEqual([
      expect.stringContaining(`${name} is wrong: must be`),
    ]);
  });
});
