import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerWithPage } from '../../functions/page-answer.ts';
import type { Page } from '../../shared/page/page.ts';
import type { Progress } from '../../shared/page/progress.ts';

/** A branch as a browser meets it: asleep, it answers with a page; awake, with an application. */
export type PageServer = {
  readonly url: string;
  /** What the branch answers while it sleeps. */
  page: Page;
  isAwake: boolean;
  /** What the progress stream answers; anything but 200 ends an EventSource for good. */
  streamStatus: number;
  /** How often the progress stream was asked for. */
  readonly streams: () => number;
  /** How many of them are open. */
  readonly open: () => number;
  /** How often the page, or the application, was asked for. */
  readonly visits: () => number;
  readonly tell: (event: 'progress' | 'ready' | 'failed', progress: Progress) => void;
  /** Ends every open stream, as the function does after a while. */
  readonly endStreams: () => void;
  readonly close: () => Promise<void>;
};

/** Starts a server that does as its test says. */
export async function startPageServer(page: Page): Promise<PageServer> {
  const streams = new Set<ServerResponse>();
  const counts = { streams: 0, visits: 0 };
  const server = createServer((request, response) => {
    if (request.url === '/.dormouse/progress') {
      counts.streams += 1;
      openStream(response, world.streamStatus, streams);
    } else {
      counts.visits += 1;
      if (world.isAwake) sendApplication(response);
      else sendPage(response, world.page);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const world: PageServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    page,
    isAwake: false,
    streamStatus: 200,
    streams: () => counts.streams,
    open: () => streams.size,
    visits: () => counts.visits,
    tell: (event, progress) => {
      for (const stream of streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(progress)}\n\n`);
    },
    endStreams: () => {
      for (const stream of streams) stream.end();
    },
    close: async () => {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
  return world;
}

function openStream(response: ServerResponse, status: number, streams: Set<ServerResponse>): void {
  response.writeHead(status, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  if (status !== 200) return void response.end();
  streams.add(response);
  response.once('close', () => streams.delete(response));
  response.write('retry: 50\n\n');
}

function sendPage(response: ServerResponse, page: Page): void {
  const { status, headers, body } = answerWithPage(page);
  response.writeHead(status, headers).end(body);
}

function sendApplication(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
  response.end(
    '<!doctype html><title>Application</title><link rel="icon" href="data:,"><h1>Application</h1>',
  );
}
