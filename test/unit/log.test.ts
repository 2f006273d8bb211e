import { expect, test } from 'vitest';
import { createLog, type LogEntry } from '../../shared/log.ts';

function linesOf(entry: LogEntry, trace?: string, projectId: string | undefined = 'p'): string[] {
  const lines: string[] = [];
  createLog({ projectId, write: (line) => lines.push(line) })(entry, trace);
  return lines;
}

test('log writes one JSON line an entry, whatever its text contains', () => {
  const lines = linesOf({ severity: 'INFO', message: 'a\nb {"severity":"ERROR"}' });
  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toContain('\n');
  expect(JSON.parse(lines[0] ?? '')).toEqual({ severity: 'INFO', message: 'a\nb {"severity":"ERROR"}' });
});

test('log ties an entry to its trace and span', () => {
  const [line = ''] = linesOf({ severity: 'INFO', message: 'm' }, `${'ab'.repeat(16)}/255;o=1`);
  expect(JSON.parse(line)).toMatchObject({
    'logging.googleapis.com/trace': `projects/p/traces/${'ab'.repeat(16)}`,
    'logging.googleapis.com/spanId': '00000000000000ff',
  });
});

test.each([undefined, '', 'nonsense', `${'zz'.repeat(16)}/1`])(
  'log leaves out a trace that reads %j',
  (trace) => {
    const [line = ''] = linesOf({ severity: 'INFO', message: 'm' }, trace);
    expect(Object.keys(JSON.parse(line))).toEqual(['severity', 'message']);
  },
);
