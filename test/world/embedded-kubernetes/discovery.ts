import { apiVersionOf, type Resource, type Subresource } from './resource.ts';
import { RESOURCES } from './resources/find-resource.ts';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const SUBRESOURCE_KINDS: Readonly<Partial<Record<Subresource, object>>> = {
  scale: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
  binding: { kind: 'Binding' },
};

/** What the server says of itself, so that kubectl finds its way; `undefined` for any other path. */
export function discoveryJson(pathname: string): string | undefined {
  const document = documentAt(pathname.replace(/\/$/, ''));
  return document === undefined ? undefined : JSON.stringify(document);
}

function documentAt(path: string): object | undefined {
  if (path === '/version') return { major: '1', minor: '37', gitVersion: 'v1.37.2', platform: 'embedded' };
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'] };
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups() };
  const apiVersion = path.replace(/^\/apis?\//, '');
  const resources = RESOURCES.filter((resource) => apiVersionOf(resource) === apiVersion);
  if (resources.length === 0) return undefined;
  const list = { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersion };
  return { ...list, resources: resources.flatMap(describe) };
}

function groups(): readonly object[] {
  const versions = new Set(RESOURCES.filter(({ group }) => group !== '').map(apiVersionOf));
  return [...versions].map((groupVersion) => {
    const [name, version] = groupVersion.split('/');
    const only = { groupVersion, version };
    return { name, versions: [only], preferredVersion: only };
  });
}

function describe(resource: Resource): readonly object[] {
  const { plural: name, kind, shortNames, isNamespaced: namespaced, subresources } = resource;
  const singularName = kind.toLowerCase();
  const whole = { name, singularName, namespaced, kind, shortNames, verbs: VERBS };
  const parts = subresources.map((subresource) => ({
    name: `${name}/${subresource}`,
    singularName: '',
    namespaced,
    kind,
    ...SUBRESOURCE_KINDS[subresource],
    verbs: subresource === 'binding' ? ['create'] : ['get', 'patch', 'update'],
  }));
  return [whole, ...parts];
}
