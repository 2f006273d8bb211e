import { execFile } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';

/** The enumeration takes ten seconds of a processor that nobody else uses. */
const TIMEOUT_MS = 280_000;

type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Runs the script as `npm run simulate` does. */
function simulate(script: string, ...args: readonly string[]): Promise<Ended> {
  const file = path.join(import.meta.dirname, script);
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], { timeout: TIMEOUT_MS }, (error, stdout, stderr) =>
      resolve({
        code: typeof error?.code === 'number' ? error.code : Number(error !== null),
        stdout,
        stderr,
      }),
    );
  });
}

const figuresOf = ({ stdout }: Ended) => JSON.parse(stdout.trim().split('\n').at(-1) ?? '');

test(
  'simulate plays every interleaving and random stories, and ends with its figures',
  async () => {
    const ended = await simulate('simulate.ts', '--quick', '--runs', '30', '--seed', '7');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(figuresOf(ended)).toEqual({ runs: 30, violations: 0, interleavings: expect.any(Number), seed: 7 });
    expect(figuresOf(ended).interleavings).toBeGreaterThan(50_000_000);
    expect(ended.stdout).toMatch(/states explored.*\n(.*\n)*30 random stories of seed 7, \d+ runs\/s/);
  },
  TIMEOUT_MS,
);

test('simulate tells a story again by its path alone, and prints nothing but JSON when asked to', async () => {
  const { code, stdout } = await simulate('simulate.ts', '--seed', '7', '--path', '3', '--json');
  expect(code).toBe(0);
  expect(stdout).toBe('{"runs":1,"violations":0,"interleavings":0,"seed":7}\n');
});

test('simulate finds a sweep that is broken, and tells the story and how to see it again', async () => {
  const broken = await simulate('simulate-broken.ts', '--seed', '5', '--path', '0', '--json');
  expect(broken.code).toBe(1);
  expect(figuresOf(broken)).toMatchObject({ violations: 1 });
  expect(broken.stderr).toMatch(/^00:00:00\.000 {2}people create/);
  expect(broken.stderr).toContain('No branch is put to sleep earlier than its policy says');
  expect(broken.stderr).toContain('To tell it again: npm run simulate -- --seed 5 --path 0');
});

test.each([
  [['--runs', 'many'], '--runs is "many": expected a whole number from 0 to'],
  [['--seed', '-1'], "'--seed' argument is ambiguous"],
  [['--path', '1:0'], '--path needs the --seed of its story'],
  [['--quick', '--deep'], '--quick and --deep exclude each other'],
  [['--fast'], "Unknown option '--fast'"],
])('simulate refuses %j in a sentence', async (args, sentence) => {
  const { code, stdout, stderr } = await simulate('simulate.ts', ...args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(sentence);
});
