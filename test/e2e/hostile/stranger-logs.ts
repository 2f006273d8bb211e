import type { HostileWorld } from './hostile-world.ts';

/** Bytes that were logged, of the functions and of nginx. */
export type LogMeasure = { readonly bytes: number; readonly proxyBytes: number };

const MAX_LINE_BYTES = 4_096;
/** nginx writes a byte that is no character as six. */
const MAX_PROXY_LINE_BYTES = 16_384;

export function measureLogs({ wake, sleep, proxy }: HostileWorld): LogMeasure {
  const lines = [...wake.logged(), ...sleep.logged()];
  const bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
  const { errorLog = () => '', accessText = () => '' } = proxyLogs(proxy);
  return { bytes, proxyBytes: errorLog().length + accessText().length };
}

/** What is wrong with the lines: too long, no JSON, or an error that a stranger has caused. */
export function logViolations({ wake, sleep, proxy }: HostileWorld): readonly string[] {
  const ours = [...wake.logged(), ...sleep.logged()].flatMap((line) => complaintsOf(line, MAX_LINE_BYTES));
  const { accessText = () => '' } = proxyLogs(proxy);
  const lines = accessText().split('\n').filter(Boolean);
  return [...ours, ...lines.flatMap((line) => complaintsOf(line, MAX_PROXY_LINE_BYTES))];
}

function proxyLogs(proxy: HostileWorld['proxy']) {
  if (proxy === undefined) return {};
  const accessText = () =>
    proxy
      .accessLog()
      .map((line) => JSON.stringify(line))
      .join('\n');
  return { errorLog: proxy.errorLog, accessText };
}

function complaintsOf(line: string, maxBytes: number): readonly string[] {
  const short = line.slice(0, 500);
  if (Buffer.byteLength(line) > maxBytes) return [`a line of ${line.length} characters: ${short}`];
  try {
    const { severity } = JSON.parse(line);
    return severity === 'ERROR' ? [`a stranger caused an error: ${short}`] : [];
  } catch {
    return [`a line that is no JSON: ${short}`];
  }
}
