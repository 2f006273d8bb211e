import { openTerraform } from './terraform.ts';

/** The functions' accounts, as the module's tests name them. */
export const ACCOUNTS = {
  wake: { email: 'wake@team-staging.iam.gserviceaccount.com', uniqueId: '101' },
  sleep: { email: 'sleep@team-staging.iam.gserviceaccount.com', uniqueId: '102' },
} as const;

export type RbacRule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  /** Without it, every object. */
  readonly resourceNames?: readonly string[];
};

export type RbacRole = { readonly metadata: { readonly name: string }; readonly rules: readonly RbacRule[] };
export type RbacBinding = { readonly metadata: { readonly name: string }; readonly [field: string]: unknown };

/** What Terraform would put into the cluster, as Kubernetes takes it. */
export type PlannedAccess = {
  readonly roles: Readonly<Record<keyof typeof ACCOUNTS, RbacRole>>;
  readonly bindings: readonly RbacBinding[];
  /** YAML. */
  readonly admissionPolicy: string;
};

type Attributes = {
  readonly metadata: readonly { readonly name: string; readonly namespace: string }[];
  readonly rule?: readonly (Record<'api_groups' | 'resources' | 'verbs', readonly string[]> & {
    readonly resource_names?: readonly string[] | null;
  })[];
  readonly role_ref?: readonly RoleRef[];
  readonly subject?: readonly RoleRef[];
};
type RoleRef = { readonly api_group: string; readonly kind: string; readonly name: string };

/**
 * Plans the module with both providers mocked, and reads out of the plan who may do what in the namespace. `variables`
 * are in Terraform's language.
 * @throws Error with what Terraform said when there is no plan
 */
export async function planAccess(providers: string, variables = ''): Promise<PlannedAccess> {
  const terraform = openTerraform(providers);
  try {
    const { resources, outputs } = await terraform.plan('.', variables);
    const planned = (type: string, who: string) => resources.get(`${type}.this["${who}"]`) as Attributes;
    const roleOf = (who: string) => toRole(planned('kubernetes_role_v1', who));
    return {
      roles: { wake: roleOf('wake'), sleep: roleOf('sleep') },
      bindings: ['wake', 'sleep'].map((who) => toBinding(planned('kubernetes_role_binding_v1', who))),
      admissionPolicy: String(outputs.admission_policy),
    };
  } finally {
    terraform.close();
  }
}

function toRole({ metadata, rule = [] }: Attributes): RbacRole {
  const rules = rule.map(({ api_groups: apiGroups, resources, verbs, resource_names: resourceNames }) => ({
    apiGroups,
    resources,
    verbs,
    ...(resourceNames?.length ? { resourceNames } : {}),
  }));
  return { metadata: toMetadata(metadata), rules };
}

function toBinding({ metadata, role_ref = [], subject = [] }: Attributes): RbacBinding {
  const [roleRef] = role_ref.map(toRef);
  return { metadata: toMetadata(metadata), roleRef, subjects: subject.map(toRef) };
}

function toMetadata([metadata]: Attributes['metadata']) {
  return { name: metadata?.name ?? '', namespace: metadata?.namespace ?? '' };
}

function toRef({ api_group: apiGroup, kind, name }: RoleRef) {
  return { apiGroup, kind, name };
}
