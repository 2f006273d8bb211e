import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { HttpFunction } from '@google-cloud/functions-framework';
import { expect, onTestFinished, test, vi } from 'vitest';
import { bluntRequests } from '../../functions/blunt-requests.ts';
import { serve } from './serve.ts';

bluntRequests();

const tellPath: HttpFunction = ({ path, body }, response) => {
  response.json({ path, body: typeof body });
};

async function send(url: string, ...lines: readonly string[]): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write(`${lines.join('\r\n')}\r\n`);
  return text(socket);
}

test.each([
  ['JSON', '{', 'application/json'],
  ['JSON of many levels', '['.repeat(100_000), 'application/json'],
  ['a character set that nobody knows', 'a=b', 'application/x-www-form-urlencoded; charset=klingon'],
])('a body of broken %s is neither parsed nor complained of', async (_, body, type) => {
  const complaints = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  onTestFinished(() => complaints.mockRestore());
  const url = await serve('blunt', tellPath);
  const answer = await fetch(`${url}/a`, { method: 'POST', body, headers: { 'Content-Type': type } });
  expect([answer.status, await answer.json()]).toEqual([200, { path: '/a', body: 'undefined' }]);
  expect(complaints).not.toHaveBeenCalled();
});

test('a path that cannot be decoded is a path like any other', async () => {
  const url = await serve('blunt', tellPath);
  const answer = await send(url, 'GET /%c0%zz HTTP/1.1', 'Host: a', 'Connection: close', '');
  expect(answer).toContain('HTTP/1.1 200');
  expect(answer).toContain('{"path":"/%25c0%25zz","body":"undefined"}');
});

test('what follows a body that nobody reads is the next request', async () => {
  const url = await serve('blunt', tellPath);
  const post = ['POST /a HTTP/1.1', 'Host: a', 'Content-Length: 17', '', 'GET /b HTTP/1.1'];
  const next = ['GET /c HTTP/1.1', 'Host: a', 'Connection: close', ''];
  const answer = await send(url, ...post, ...next);
  expect(answer.match(/"path":"[^"]*"/g)).toEqual(['"path":"/a"', '"path":"/c"']);
});
