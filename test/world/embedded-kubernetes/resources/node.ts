import { isJsonObject, type JsonObject } from '../json-value.ts';
import { defineResource } from './define-resource.ts';

const UNKNOWN_MACHINE = {
  machineID: '',
  systemUUID: '',
  bootID: '',
  kernelVersion: '',
  osImage: '',
  containerRuntimeVersion: '',
  kubeletVersion: '',
  kubeProxyVersion: '',
  operatingSystem: '',
  architecture: '',
};

export const NODES = defineResource({
  group: '',
  plural: 'nodes',
  kind: 'Node',
  shortNames: ['no'],
  isNamespaced: false,
  subresources: ['status'],
  keptByStatus: [],
  initialize: (draft) => ({
    ...draft,
    spec: withNotReadyTaint(isJsonObject(draft.spec) ? draft.spec : {}),
    status: {
      daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
      nodeInfo: UNKNOWN_MACHINE,
      ...(isJsonObject(draft.status) ? draft.status : {}),
    },
  }),
});

/** Admission gives it to each new node; nothing here takes it away, and nothing schedules by it. */
function withNotReadyTaint(spec: JsonObject): JsonObject {
  const taints = Array.isArray(spec.taints) ? spec.taints : [];
  return { ...spec, taints: [...taints, { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] };
}
