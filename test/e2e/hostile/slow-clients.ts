import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Clients that take their time. */
export type SlowClients = {
  /** How many connections the other side still keeps, as far as their owner was told. */
  readonly open: () => number;
  /** Writes to each that is open. */
  readonly write: (text: string) => void;
  /** What the first of them was told. */
  readonly heard: () => string;
  /** From now on they read. */
  readonly read: () => void;
  readonly close: () => void;
};

export type SlowClientsOptions = {
  readonly port: number;
  readonly count: number;
  /** What each begins with; its number stands for `%`. */
  readonly begin: string;
  /** True: nothing is read until `read` is called. */
  readonly isDeaf?: boolean;
};

export async function startSlowClients(options: SlowClientsOptions): Promise<SlowClients> {
  const open = new Set<Socket>();
  let heard = '';
  const start = async (n: number) => {
    const socket = connect(options.port, '127.0.0.1');
    socket.on('error', () => socket.destroy()).on('close', () => open.delete(socket));
    await once(socket, 'connect');
    open.add(socket);
    socket.on('data', (chunk) => {
      if (n === 0) heard += chunk.toString('latin1');
    });
    if (options.isDeaf) socket.pause();
    socket.write(options.begin.replaceAll('%', String(n)));
  };
  await Promise.all(Array.from({ length: options.count }, (_, n) => start(n)));
  return {
    open: () => open.size,
    write: (text) => {
      for (const socket of open) socket.write(text);
    },
    heard: () => heard,
    read: () => {
      for (const socket of open) socket.resume();
    },
    close: () => {
      for (const socket of open) socket.destroy();
    },
  };
}
