import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

export type Answer = {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
};

/** One request to a branch through nginx, as a visitor makes it. */
export async function visit(port: number, branch: string, path = '/'): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const headers = { Host: `${branch}.example.com` };
  const request = http.get({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      body += chunk;
    });
    response.once('end', () =>
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
    );
    response.once('error', reject);
  });
  request.once('error', reject);
  return promise;
}

const POLL_MS = 50;

/**
 * Asks again until the answer is what is waited for.
 * @throws Error with the last answer after `patienceMs`
 */
export async function eventually<T>(
  ask: () => Promise<T> | T,
  isSo: (answer: T) => boolean,
  patienceMs = 40_000,
): Promise<T> {
  const deadlineMs = Date.now() + patienceMs;
  for (;;) {
    const answer = await ask();
    if (isSo(answer)) return answer;
    if (Date.now() > deadlineMs)
      throw new Error(`not so after ${patienceMs} ms; last was ${JSON.stringify(answer)}`);
    await delay(POLL_MS);
  }
}
