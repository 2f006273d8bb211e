import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { text } from 'node:stream/consumers';

/**
 * Sends COUNT requests at once, each a POST of BYTES bytes that no other one sends, and prints one line of JSON: how many
 * answers had which status, and how many said the hash of what was sent. A process of its own, so that it does not wait
 * for what it loads. Arguments: PORT HOST COUNT BYTES.
 */
const [port = '', host = '', count = '', bytes = ''] = process.argv.slice(2);
const statuses: Record<string, number> = {};
let echoed = 0;
const CHUNK_BYTES = 65_536;

async function post(n: number): Promise<void> {
  const request = http.request({
    host: '127.0.0.1',
    port,
    agent: false,
    method: 'POST',
    headers: { Host: host, 'Content-Length': bytes },
  });
  const sha256 = createHash('sha256');
  for (const chunk of bodyOf(n)) {
    request.write(chunk);
    sha256.update(chunk);
  }
  request.end();
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const answer = await text(response);
  tally(response.statusCode === 200 ? '200' : `${response.statusCode} ${answer}`);
  if (answer.includes(sha256.digest('hex'))) echoed += 1;
}

/** The same few bytes again and again: a thousand bodies fit into the memory. */
function* bodyOf(n: number): Generator<Buffer> {
  const chunk = Buffer.alloc(CHUNK_BYTES, `order ${n}; `);
  for (let left = Number(bytes); left > 0; left -= CHUNK_BYTES) yield chunk.subarray(0, left);
}

function tally(outcome: string): void {
  statuses[outcome] = (statuses[outcome] ?? 0) + 1;
}

const posts = Array.from({ length: Number(count) }, (_, n) =>
  post(n).catch((error: NodeJS.ErrnoException) => tally(error.code ?? error.message)),
);
await Promise.all(posts);
process.stdout.write(`${JSON.stringify({ statuses, echoed })}\n`);
