import type { AddressInfo } from 'node:net';
import { type HttpFunction, http } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { onTestFinished } from 'vitest';
import type { Log, LogEntry } from '../../shared/log.ts';

/** Serves a function by functions-framework until the test ends, and gives back its address. */
export async function serve(name: string, handler: HttpFunction): Promise<string> {
  http(name, handler);
  const server = getTestServer(name);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A log that keeps its entries. */
export function recordingLog(): {
  readonly log: Log;
  readonly entries: (LogEntry & { trace?: string | undefined })[];
} {
  const entries: (LogEntry & { trace?: string | undefined })[] = [];
  return { log: (entry, trace) => void entries.push({ ...entry, trace }), entries };
}
