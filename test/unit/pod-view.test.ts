import type { CoreV1Event, V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { mayBePulling, podViewFrom } from '../../shared/adapters/kubernetes/pod-view.ts';

type StatusShape = Partial<Pick<V1ContainerStatus, 'state' | 'lastState' | 'ready' | 'restartCount'>>;

function status(name: string, shape: StatusShape = {}): V1ContainerStatus {
  return { name, image: '', imageID: '', ready: false, restartCount: 0, ...shape };
}

const CREATING = { state: { waiting: { reason: 'ContainerCreating' } } };

function pod(shape: { containerStatuses?: V1ContainerStatus[]; spec?: object; status?: object } = {}): V1Pod {
  const { containerStatuses = [], spec = {} } = shape;
  const containers = [{ name: 'web' }, { name: 'nginx' }];
  return {
    metadata: { name: 'web-1' },
    spec: { nodeName: 'node', containers, ...spec },
    status: { containerStatuses, ...shape.status },
  };
}

const event = (reason: string, second: number, container = 'web') =>
  ({
    metadata: {},
    involvedObject: { fieldPath: `spec.containers{${container}}` },
    reason,
    lastTimestamp: new Date(second * 1_000),
  }) as CoreV1Event;

describe('podViewFrom, containers', () => {
  test('containers are told in the order in which they start, each with its role', () => {
    const initContainers = [{ name: 'proxy', restartPolicy: 'Always' }, { name: 'migrate' }];
    const view = podViewFrom(pod({ spec: { initContainers } }), []);
    expect(view.containers.map(({ name, role }) => `${name} ${role}`)).toEqual([
      'proxy sidecar',
      'migrate init',
      'web main',
      'nginx main',
    ]);
  });

  test('a container that no kubelet has reported of is waiting', () => {
    const [web] = podViewFrom(pod(), []).containers;
    expect(web).toEqual({ name: 'web', role: 'main', state: 'waiting', isReady: false, restarts: 0 });
  });

  test('a container that waits after a crash tells why, its restarts and its last exit code', () => {
    const crashed = status('web', {
      state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } },
      lastState: { terminated: { exitCode: 137, reason: 'OOMKilled', startedAt: new Date(7_000) } },
      restartCount: 4,
    });
    expect(podViewFrom(pod({ containerStatuses: [crashed] }), []).containers[0]).toMatchObject({
      lastStartMs: 7_000,
      state: 'waiting',
      reason: 'CrashLoopBackOff',
      message: 'back-off 10s',
      restarts: 4,
      exitCode: 137,
    });
  });

  test('a container that runs or has ended says so', () => {
    const running = status('web', { state: { running: {} }, ready: true });
    const ended = status('nginx', { state: { terminated: { exitCode: 0, reason: 'Completed' } } });
    expect(podViewFrom(pod({ containerStatuses: [ended, running] }), []).containers).toMatchObject([
      { name: 'web', state: 'running', isReady: true },
      { name: 'nginx', state: 'terminated', reason: 'Completed', exitCode: 0 },
    ]);
  });
});

describe('podViewFrom, pod', () => {
  const condition = (type: string, value: string, message?: string) => ({ type, status: value, message });

  test('a pod without node tells the scheduler’s words, one with a node does not', () => {
    const conditions = [condition('PodScheduled', 'False', '0/3 nodes are available')];
    const unscheduled = podViewFrom(pod({ spec: { nodeName: undefined }, status: { conditions } }), []);
    expect(unscheduled).toMatchObject({ isScheduled: false, unschedulable: '0/3 nodes are available' });
    expect(podViewFrom(pod({ status: { conditions } }), [])).not.toHaveProperty('unschedulable');
  });

  test('a pod is Ready by its condition alone', () => {
    const isReady = (value: string) =>
      podViewFrom(pod({ status: { conditions: [condition('Ready', value)] } }), []).isReady;
    expect([isReady('True'), isReady('False'), isReady('Unknown')]).toEqual([true, false, false]);
  });

  test('a pod that is Ready tells since when, one that is not does not', () => {
    const since = (value: string) => {
      const ready = { ...condition('Ready', value), lastTransitionTime: '1970-01-01T00:00:09Z' };
      return podViewFrom(pod({ status: { conditions: [ready] } }), []).readySinceMs;
    };
    expect([since('True'), since('False')]).toEqual([9_000, undefined]);
  });

  test('every text is cut to 300 characters, and half a character is none', () => {
    const long = `${'x'.repeat(298)}🐭${'x'.repeat(5_000)}`;
    const conditions = [condition('PodScheduled', 'False', long)];
    const waiting = status('web', { state: { waiting: { reason: long, message: long } } });
    const view = podViewFrom(
      pod({ containerStatuses: [waiting], spec: { nodeName: '' }, status: { conditions } }),
      [],
    );
    const { reason, message } = view.containers[0] ?? {};
    for (const text of [reason, message, view.unschedulable]) {
      expect(text).toHaveLength(300);
      expect(text?.isWellFormed()).toBe(true);
    }
  });
});

describe('podViewFrom, images', () => {
  const creating = pod({ containerStatuses: [status('web', CREATING), status('nginx', CREATING)] });
  const isPulling = (...events: readonly CoreV1Event[]) => podViewFrom(creating, events).isPulling;

  test('a pod pulls from the event that says so until the one that ends it', () => {
    expect(isPulling()).toBe(false);
    expect(isPulling(event('Scheduled', 1), event('Pulling', 2))).toBe(true);
    expect(isPulling(event('Pulling', 2), event('Pulled', 3))).toBe(false);
    expect(isPulling(event('Pulling', 2), event('Pulled', 2))).toBe(false);
    expect(isPulling(event('Failed', 2), event('Pulling', 3))).toBe(true);
  });

  test('a pod pulls as long as one of its containers does', () => {
    const pulled = [event('Pulling', 1), event('Pulled', 2)];
    expect(isPulling(...pulled, event('Pulling', 3, 'nginx'))).toBe(true);
    expect(isPulling(...pulled, event('Pulling', 3, 'another'))).toBe(false);
  });

  test('events of a container that runs do not say that it pulls', () => {
    const running = status('web', { state: { running: {} } });
    expect(podViewFrom(pod({ containerStatuses: [running] }), [event('Pulling', 2)]).isPulling).toBe(false);
  });

  test('mayBePulling asks for events only of a pod with a node and a container that is being created', () => {
    expect(mayBePulling(creating)).toBe(true);
    expect(mayBePulling({ ...creating, spec: { containers: [] } })).toBe(false);
    const running = status('web', { state: { running: {} } });
    expect(mayBePulling(pod({ containerStatuses: [running] }))).toBe(false);
    const backOff = status('web', { state: { waiting: { reason: 'ImagePullBackOff' } } });
    expect(mayBePulling(pod({ containerStatuses: [backOff] }))).toBe(false);
  });
});
