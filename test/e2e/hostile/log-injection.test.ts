import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../visits.ts';
import { KNOWN_BRANCH } from './corpus.ts';
import { type HostileWorld, startHostileWorld } from './hostile-world.ts';
import { exchangeRaw } from './raw-exchange.ts';

const PATHS = ['/touch', '/hold', '/page', '/progress'] as const;
const NAMES = [
  ...['Host', 'Proxy', 'Method', 'Accept', 'Language', 'Fetch', 'Script', 'Tried', 'Round', 'Waited'].map(
    (name) => `X-Dormouse-${name}`,
  ),
  'X-Cloud-Trace-Context',
  'User-Agent',
];
const FORGED = '"severity":"EMERGENCY","forged":true';
/** JSON, new lines, terminal commands, and length. */
const VALUES = [
  `x",${FORGED},"y":"`,
  `{${FORGED}}`,
  `x\r\n{${FORGED}}`,
  `x\n{${FORGED}}`,
  `x\r{${FORGED}}`,
  `x\xe2\x80\xa8{${FORGED}}`,
  '\x1b[2J\x1b[1;31mred\x1b]0;title\x07',
  'x'.repeat(8_192),
  `105445aa7843bc8bf206b12000100000/1",${FORGED}`,
];
/** What the functions say of such visitors. */
const SEVERITIES = ['DEBUG', 'INFO', 'NOTICE'];
const MAX_LINE_BYTES = 2_048;
const PATIENCE_MS = 10_000;
const STRANGERS = 300;

describe('the log of the functions', () => {
  let world: HostileWorld;

  beforeAll(async () => {
    world = await startHostileWorld();
  });
  afterAll(() => world?.close());

  const send = (lines: readonly string[]) =>
    exchangeRaw({
      port: world.wake.port,
      text: [...lines, 'Connection: close', '', ''].join('\r\n'),
      patienceMs: PATIENCE_MS,
    });

  /** Sends them to every path, and then a request whose own line says that all the others are there. */
  async function linesOf(name: string, values: readonly string[]): Promise<readonly string[]> {
    const before = world.wake.logged().length;
    const host = name === 'X-Dormouse-Host' ? [] : [`X-Dormouse-Host: ${KNOWN_BRANCH}.example.com`];
    for (const value of values) {
      for (const path of PATHS) await send([`GET ${path} HTTP/1.1`, 'Host: a', ...host, `${name}: ${value}`]);
    }
    await send(['GET /hold HTTP/1.1', 'Host: a', `X-Dormouse-Host: ${KNOWN_BRANCH}.example.com`]);
    const lines = () => world.wake.logged().slice(before);
    return eventually(lines, (seen) => seen.at(-1)?.includes('"event":"hold"') === true);
  }

  test.each(NAMES)('is one honest JSON object a line, whatever comes in %s', async (name) => {
    const lines = await linesOf(name, VALUES);
    expect(lines.length).toBeGreaterThan(VALUES.length);
    for (const line of lines) {
      const entry = JSON.parse(line);
      expect(SEVERITIES).toContain(entry.severity);
      expect(Object.keys(entry)).not.toContain('forged');
      expect(entry.event).toMatch(/^(?:touch|hold|page)$/);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what must not be there
      expect(line).not.toMatch(/[\x00-\x1f\x7f\x9b\u2028]/);
      expect(Buffer.byteLength(line)).toBeLessThan(MAX_LINE_BYTES);
    }
  });

  test('has a line for the first strangers, and then counts the others', async () => {
    const before = world.wake.logged().length;
    for (let n = 0; n < STRANGERS; n += 1) {
      await send(['GET /touch HTTP/1.1', 'Host: a', `X-Dormouse-Host: ${n}`]);
    }
    const lines = world.wake.logged().slice(before);
    expect(lines.length).toBeLessThan(STRANGERS / 2);
    expect(lines.every((line) => JSON.parse(line).severity === 'NOTICE')).toBe(true);
  });
});
