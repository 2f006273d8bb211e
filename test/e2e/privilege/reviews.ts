import type { KubernetesServer } from '../../world/kubernetes-api.ts';
import { createKubernetesApi, type KubernetesApi } from '../../world/kubernetes-api.ts';

/** One question to the API server's authorizer; without a namespace, for the whole cluster. */
export type Question = {
  readonly verb: string;
  readonly group: string;
  /** `deployments/scale` */
  readonly resource: string;
  readonly namespace?: string;
  /** Of one object; without it, of all. */
  readonly name?: string;
};

type ResourceList = {
  readonly groupVersion: string;
  readonly resources: readonly { readonly name: string; readonly verbs: readonly string[] }[];
};
type GroupList = {
  readonly groups: readonly { readonly versions: readonly { readonly groupVersion: string }[] }[];
};

/** What an API server may be asked of any resource, and the verbs that have no request of their own. */
const VERBS = [
  ...['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'],
  ...['bind', 'escalate', 'impersonate', 'approve', 'sign', 'use', '*'],
];
/** Beside what is in discovery: what people grant in one stroke, and what is no resource of its own. */
const WILDCARDS = [
  { group: '*', resource: '*' },
  { group: '', resource: '*' },
  { group: 'apps', resource: '*' },
  { group: '', resource: 'users' },
  { group: '', resource: 'groups' },
];
const CONCURRENCY = 50;

/** Every verb of every resource, subresources too, of the API server's discovery. */
export async function everyQuestion(admin: KubernetesApi): Promise<readonly Question[]> {
  const { groups } = await admin.get<GroupList>('/apis');
  const versions = groups.flatMap(({ versions }) => versions.map(({ groupVersion }) => groupVersion));
  const paths = ['/api/v1', ...versions.map((version) => `/apis/${version}`)];
  const lists = await Promise.all(paths.map((path) => admin.get<ResourceList>(path)));
  const found = lists.flatMap(({ groupVersion, resources }) => {
    const group = groupVersion.includes('/') ? (groupVersion.split('/')[0] ?? '') : '';
    return resources.map(({ name }) => ({ group, resource: name }));
  });
  const unique = new Map([...found, ...WILDCARDS].map((each) => [`${each.group} ${each.resource}`, each]));
  return [...unique.values()].flatMap((each) => VERBS.map((verb) => ({ ...each, verb })));
}

/** Asks as a user what that user may do; those questions that were answered by yes. */
export async function askWhatMayBeDone(
  user: KubernetesServer,
  questions: readonly Question[],
): Promise<readonly Question[]> {
  const api = createKubernetesApi(user);
  const allowed: Question[] = [];
  const waiting = [...questions];
  const ask = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (await isAllowed(api, next)) allowed.push(next);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, ask)).finally(api.close);
  return allowed;
}

async function isAllowed(api: KubernetesApi, question: Question): Promise<boolean> {
  const { verb, group, namespace, name } = question;
  const [resource, subresource] = question.resource.split('/');
  const review = await api.create<{ status: { allowed: boolean } }>(
    '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { verb, group, resource, subresource, namespace, name } },
    },
  );
  return review.status.allowed;
}
