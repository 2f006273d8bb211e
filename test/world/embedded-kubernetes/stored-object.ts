/** Objects as the embedded API server keeps them: never changed in place, without `kind` and `apiVersion`. */

export type ManagedFieldsEntry = {
  readonly manager: string;
  readonly operation: 'Update';
  readonly apiVersion: string;
  /** A write through `scale` leaves none. Source: kube-apiserver 1.37, tried. */
  readonly time?: string;
  readonly fieldsType: 'FieldsV1';
  readonly fieldsV1: FieldTree;
  readonly subresource?: string;
};

/** Kubernetes' FieldsV1: `{"f:spec": {"f:replicas": {}}}`. */
export type FieldTree = { readonly [field: string]: FieldTree };

export type OwnerReference = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean | undefined;
  readonly blockOwnerDeletion?: boolean | undefined;
};

export type StringMap = Readonly<Record<string, string>>;

export type ObjectMeta = {
  readonly name: string;
  readonly generateName?: string | undefined;
  readonly namespace?: string | undefined;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number | undefined;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string | undefined;
  readonly deletionGracePeriodSeconds?: number | undefined;
  readonly labels?: StringMap | undefined;
  readonly annotations?: StringMap | undefined;
  readonly ownerReferences?: readonly OwnerReference[] | undefined;
  readonly finalizers?: readonly string[] | undefined;
  readonly managedFields?: readonly ManagedFieldsEntry[] | undefined;
};

export type StoredObject = { readonly metadata: ObjectMeta; readonly [field: string]: unknown };

/** What a client sends: any of the metadata may be missing. */
export type Draft = { readonly metadata: Partial<ObjectMeta>; readonly [field: string]: unknown };

/** Names an object within its resource. Cluster-wide objects have the namespace ''. */
export type ObjectKey = { readonly namespace: string; readonly name: string };

export function keyOf({ metadata }: Draft): ObjectKey {
  return { namespace: metadata.namespace ?? '', name: metadata.name ?? '' };
}

/** The moment in Kubernetes' form: RFC 3339, whole seconds. */
export function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
