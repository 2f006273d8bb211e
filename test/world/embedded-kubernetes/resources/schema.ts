import { z } from 'zod';

const strings = z.record(z.string(), z.string());

const ownerReference = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  controller: z.boolean().nullish(),
  blockOwnerDeletion: z.boolean().nullish(),
});

/** The metadata that a client may send. */
export const metadataSchema = z.looseObject({
  name: z.string().optional(),
  generateName: z.string().optional(),
  namespace: z.string().optional(),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  labels: strings.optional(),
  annotations: strings.optional(),
  ownerReferences: z.array(ownerReference).optional(),
  finalizers: z.array(z.string()).optional(),
});

/** A whole object around the fields of one kind. */
export function objectSchema(fields: z.ZodRawShape) {
  return z.looseObject({ metadata: metadataSchema.default({}), ...fields });
}

/** Source: `int32` in Kubernetes' types. */
export const int32 = z.int32();

export const intOrString = z.union([int32, z.string()]);

export const labelSelectorSchema = z.looseObject({
  matchLabels: strings.optional(),
  matchExpressions: z
    .array(z.looseObject({ key: z.string(), operator: z.string(), values: z.array(z.string()).optional() }))
    .optional(),
});

const container = z.looseObject({
  name: z.string().optional(),
  image: z.string().optional(),
  ports: z
    .array(
      z.looseObject({ name: z.string().optional(), containerPort: int32, protocol: z.string().optional() }),
    )
    .optional(),
});

export const podSpecSchema = z.looseObject({
  containers: z.array(container).optional(),
  initContainers: z.array(container).optional(),
  nodeName: z.string().optional(),
  restartPolicy: z.string().optional(),
  terminationGracePeriodSeconds: int32.nonnegative().optional(),
});

export const podTemplateSchema = z.looseObject({
  metadata: z.looseObject({ labels: strings.optional(), annotations: strings.optional() }).optional(),
  spec: podSpecSchema.optional(),
});
