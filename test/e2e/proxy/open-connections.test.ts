import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type WebSocket from 'ws';
import { describeWith } from '../../parts/part.ts';
import { until } from './proxy-world.ts';
import { type SocketWorld, startSocketWorldForTest } from './socket-application.ts';

const PROBE = { host: '10.0.0.7', path: '/.dormouse/health' };
/** So many heartbeats a minute, that a test need not wait for one. */
const OFTEN = { speed: 600 };
/** Times of files are as coarse as the kernel's tick, 10 ms at most. */
const TICK_MS = 20;
const HEARTBEAT_MS = 60_000 / OFTEN.speed;

describeWith(['nginx'], 'a heartbeat', () => {
  test('names the branches that have an open socket, and those that have no more not', async () => {
    const world = await startSocketWorldForTest(OFTEN);
    const [first, second] = [await world.openSocket('one--g'), await world.openSocket('one--g')];
    await world.openSocket('two--g');
    expect(await nextNamed(world)).toEqual(['one--g', 'two--g']);
    await end(first);
    await until(
      () => filesOf(world).length === 2,
      () => 'the file of a socket that ended stays',
    );
    expect(await nextNamed(world)).toEqual(['one--g', 'two--g']);
    await end(second);
    await untilNamed(world, ['two--g']);
  });

  test('does not name the sockets of a development server', async () => {
    const world = await startSocketWorldForTest(OFTEN);
    await world.openSocket('vite--g', 'vite-hmr');
    await world.openSocket('page--g');
    expect(await nextNamed(world)).toEqual(['page--g']);
  });

  test('names exactly the open ones of 1,000 sockets after a reload, SIGKILL and a restart', async () => {
    const world = await startSocketWorldForTest({ ...OFTEN, variables: { worker_processes: 2 } });
    const sockets = await openMany(world, { branches: 20, each: 50 });
    expect(await nextNamed(world)).toEqual([...sockets.keys()].sort());
    world.proxy.reload();
    await endSome(sockets, 10);
    const left = await openMany(world, { branches: 2, each: 5, from: 100 });
    await untilNamed(world, [...sockets.keys(), ...left.keys()].sort());

    await killWorkers(world.proxy.pid);
    await world.openSocket('after--g');
    await untilNamed(world, ['after--g']);

    await world.proxy.kill();
    await world.proxy.start();
    await world.openSocket('again--g');
    expect(await nextNamed(world)).toEqual(['again--g']);
  }, 60_000);

  test('does not name what an earlier life of nginx left, whatever pids it bears', async () => {
    const world = await startSocketWorldForTest(OFTEN);
    await world.openSocket('old--g');
    const [name = ''] = filesOf(world);
    await world.proxy.kill();
    plant(world, name.replace('old--g', 'older--g'));
    // A pid that lives: it was the last life's worker, and is somebody else's now.
    plant(world, `stale--g.${process.pid}.7`);
    await world.proxy.start();
    await world.openSocket('new--g');
    expect(await nextNamed(world)).toEqual(['new--g']);
  });

  test('has room for 100 branches, and names those first that it named longest ago', async () => {
    const world = await startSocketWorldForTest(OFTEN);
    const sockets = await openMany(world, { branches: 150, each: 1 });
    await delay(TICK_MS);
    const first = await nextNamed(world);
    const second = await nextNamed(world);
    expect([first.length, second.length]).toEqual([100, 100]);
    expect([...new Set([...first, ...second])].sort()).toEqual([...sockets.keys()].sort());
  });

  test('is not sent while the open sockets cannot be read, and comes back with them', async () => {
    const world = await startSocketWorldForTest(OFTEN);
    const folder = folderOf(world);
    rmSync(folder, { recursive: true });
    for (let n = 0; n < 5; n++) await probe(world);
    await until(
      () => world.proxy.errorLog().includes('the open connections cannot be read'),
      () => 'nothing was said of it',
    );
    expect(beatsOf(world)).toEqual([]);
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    expect(await nextNamed(world)).toEqual([]);
  });
});

describeWith(['nginx'], 'an upgrade', () => {
  test('passes though its file cannot be written', async () => {
    const world = await startSocketWorldForTest(OFTEN);
    rmSync(folderOf(world), { recursive: true });
    const socket = await world.openSocket('unnoted--g');
    expect(socket.readyState).toBe(1);
    await end(socket);
    expect(world.proxy.errorLog()).toContain('an open connection is not noted');
  });
});

const folderOf = (world: SocketWorld) => path.join(world.proxy.folder, 'temp/connections');
const filesOf = (world: SocketWorld) => readdirSync(folderOf(world));
const plant = (world: SocketWorld, name: string) => writeFileSync(path.join(folderOf(world), name), '');
const probe = (world: SocketWorld) => world.visit(PROBE).catch(() => undefined);
const beatsOf = (world: SocketWorld) => world.wake.callsOf('/touch', 'heartbeat');

/** The branches that the next heartbeat names, in the order of names. */
async function nextNamed(world: SocketWorld): Promise<readonly string[]> {
  const before = beatsOf(world).length;
  while (beatsOf(world).length === before) {
    await probe(world);
    await delay(HEARTBEAT_MS / 4);
  }
  const named = beatsOf(world)[before]?.headers.get('x-dormouse-open') ?? '';
  return named.split(',').filter(Boolean).sort();
}

/** Connections end a moment later in nginx than here. */
async function untilNamed(world: SocketWorld, branches: readonly string[]): Promise<void> {
  const deadlineMs = Date.now() + 5_000;
  let named = await nextNamed(world);
  while (named.join() !== branches.join() && Date.now() < deadlineMs) named = await nextNamed(world);
  expect(named).toEqual(branches);
}

type Sockets = Map<string, readonly WebSocket[]>;
type Amount = { readonly branches: number; readonly each: number; readonly from?: number };

async function openMany(world: SocketWorld, { branches, each, from = 0 }: Amount): Promise<Sockets> {
  const sockets: Sockets = new Map();
  for (let index = from; index < from + branches; index++) {
    const branch = `b${index}--g`;
    const opening = Array.from({ length: each }, () => world.openSocket(branch));
    sockets.set(branch, await Promise.all(opening));
  }
  return sockets;
}

async function endSome(sockets: Sockets, branches: number): Promise<void> {
  for (const [branch, all] of [...sockets].slice(0, branches)) {
    await Promise.all(all.map(end));
    sockets.delete(branch);
  }
}

async function end(socket: WebSocket): Promise<void> {
  const closed = once(socket, 'close');
  socket.close();
  await closed;
}

async function killWorkers(master: number): Promise<void> {
  const children = readFileSync(`/proc/${master}/task/${master}/children`, 'utf8').trim().split(' ');
  for (const pid of children) process.kill(Number(pid), 'SIGKILL');
}
