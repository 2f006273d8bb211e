import { describe, expect, test } from 'vitest';
import { applyStrategicMergePatch } from '../../world/embedded-kubernetes/strategic-merge-patch.ts';

const spec = {
  containers: [
    { name: 'unicorn', image: 'unicorn:1', ports: [{ containerPort: 8080, protocol: 'TCP' }] },
    { name: 'nginx', image: 'nginx:1' },
  ],
  tolerations: [{ key: 'a' }],
};

describe('applyStrategicMergePatch', () => {
  test('changes the container of a name and leaves the others', () => {
    const patched = applyStrategicMergePatch(spec, { containers: [{ name: 'nginx', image: 'nginx:2' }] });
    expect(patched).toEqual({
      ...spec,
      containers: [spec.containers[0], { name: 'nginx', image: 'nginx:2' }],
    });
  });

  test('adds a container of a new name', () => {
    const added = { name: 'sidecar', image: 'sidecar:1' };
    expect(applyStrategicMergePatch(spec, { containers: [added] })).toEqual({
      ...spec,
      containers: [...spec.containers, added],
    });
  });

  test('merges a container’s ports by number, a Service’s by their own', () => {
    const unicorn = { name: 'unicorn', ports: [{ containerPort: 8080, name: 'web' }] };
    expect(applyStrategicMergePatch(spec, { containers: [unicorn] })).toMatchObject({
      containers: [{ ports: [{ containerPort: 8080, protocol: 'TCP', name: 'web' }] }, {}],
    });
    const service = { ports: [{ port: 80, targetPort: 8080 }] };
    expect(applyStrategicMergePatch(service, { ports: [{ port: 80, targetPort: 9090 }] })).toEqual({
      ports: [{ port: 80, targetPort: 9090 }],
    });
  });

  test('replaces a list without a key as a whole', () => {
    expect(applyStrategicMergePatch(spec, { tolerations: [{ key: 'b' }] })).toEqual({
      ...spec,
      tolerations: [{ key: 'b' }],
    });
  });

  test('orders a list as kubectl says', () => {
    const order = [{ name: 'nginx' }, { name: 'unicorn' }];
    expect(applyStrategicMergePatch(spec, { '$setElementOrder/containers': order })).toEqual({
      ...spec,
      containers: spec.containers.toReversed(),
    });
  });

  test('removes a field that is null', () => {
    expect(applyStrategicMergePatch(spec, { tolerations: null })).toEqual({ containers: spec.containers });
  });

  test('refuses any other directive with 415, rather than do it wrong', () => {
    const patch = { containers: [{ name: 'nginx', $patch: 'delete' }] };
    expect(() => applyStrategicMergePatch(spec, patch)).toThrow('415');
  });
});
