import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeWith, partPath } from '../parts/part.ts';
import { createBranch } from '../world/branch-manifests.ts';
import { DATABASE, PROJECT, type RealWorld, startRealWorld } from '../world/real-world.ts';
import { eventually, visit } from './visits.ts';

const NAMESPACE = 'staging';
const BRANCH = 'forgotten--g';
const SPEED = 60;
const IDLE_MS = 10_000;
const HEARTBEAT_SILENCE_MS = 3_000;

describeWith(['control-plane', 'firestore-emulator', 'nginx'], 'a world whose touches may get lost', () => {
  let world: RealWorld;
  const replaced: http.Server[] = [];

  beforeAll(async () => {
    world = await startRealWorld({
      namespace: NAMESPACE,
      behaviour: () => ({}),
      speed: SPEED,
      idleAfterMinutes: (IDLE_MS * SPEED) / 60_000,
      parts: {
        nginx: partPath('nginx'),
        gcloud: partPath('firestore-emulator'),
        controlPlane: partPath('control-plane'),
      },
    });
    await createBranch(world.api, { namespace: NAMESPACE, name: BRANCH });
  });
  afterAll(() => world?.stop());

  /** Each test begins with a branch that is idle and would sleep in the next sweep. */
  beforeEach(async () => {
    await eventually(world.sweep, ({ status }) => status === 200);
    await eventually(
      () => visit(world.proxy.port, BRANCH),
      ({ status }) => status === 200,
    );
    await delay(IDLE_MS);
  });
  afterEach(async () => {
    for (const server of replaced.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
    await world.stopFunction('wake');
    await world.startFunction('wake');
  });

  async function expectBlind(): Promise<void> {
    await delay(HEARTBEAT_SILENCE_MS + 500);
    // The first sweep may end the claim of an earlier sleep; the branch is idle all the same.
    const { status, summary } = await eventually(world.sweep, (answer) => answer.summary.kept.blind === 1);
    expect(status).toBe(500);
    expect(summary).toMatchObject({ slept: 0, failed: 0, blind: { reason: 'no-heartbeat' } });
    const { spec } = await world.api.get<{ spec: { replicas: number } }>(
      `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${BRANCH}`,
    );
    expect(spec.replicas).toBe(1);
  }

  test('sweep is blind and keeps everything when the function is gone', async () => {
    await world.stopFunction('wake', 'SIGKILL');
    await expectBlind();
  });

  test('sweep is blind and keeps everything when nginx is refused', async () => {
    const port = world.processOf('wake')?.port ?? 0;
    await world.stopFunction('wake');
    const refusing = http.createServer((_, response) => response.writeHead(403).end());
    replaced.push(refusing.listen(port, '127.0.0.1'));
    await expectBlind();
  });

  test('sweep is blind and keeps everything when the function may not write to the store', async () => {
    const readOnly = http.createServer((request, response) => {
      if (request.url?.endsWith(':commit')) {
        const error = {
          code: 403,
          message: 'Missing or insufficient permissions.',
          status: 'PERMISSION_DENIED',
        };
        response.writeHead(403, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
        return;
      }
      const { url: path, method, headers } = request;
      const forward = http.request(`http://${world.firestore.host}${path}`, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      request.pipe(forward.on('error', () => response.destroy()));
    });
    replaced.push(readOnly.listen(0, '127.0.0.1'));
    await new Promise((resolve) => readOnly.once('listening', resolve));
    await world.stopFunction('wake');
    const host = `127.0.0.1:${(readOnly.address() as AddressInfo).port}`;
    await world.startFunction('wake', { FIRESTORE_EMULATOR_HOST: host });
    await expectBlind();
    expect(world.logged('heartbeat').at(-1)).toMatchObject({
      severity: 'ERROR',
      problem: expect.stringContaining('Missing or insufficient permissions'),
    });
  });

  test('sweep keeps a branch whose record cannot be read, names it, and goes on with the others', async () => {
    const documents = `projects/${PROJECT}/databases/${DATABASE}/documents`;
    const id = `miniature.${NAMESPACE}.${BRANCH}`;
    const answer = await fetch(`http://${world.firestore.host}/v1/${documents}/branches/${id}`, {
      method: 'PATCH',
      headers: { Authorization: 'Bearer owner' },
      body: JSON.stringify({
        fields: { v: { integerValue: '1' }, lastAccess: { stringValue: 'yesterday' } },
      }),
    });
    expect(answer.status).toBe(200);
    await createBranch(world.api, { namespace: NAMESPACE, name: 'other--g' });
    const { status, summary } = await world.sweep();
    expect([status, summary.kept]).toEqual([200, { 'malformed-record': 1, registered: 1 }]);
    expect(summary.problems).toEqual([{ branch: BRANCH, problem: expect.stringContaining('lastAccess') }]);
  });
});
