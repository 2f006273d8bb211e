/** Severities of Cloud Logging. */
export type Severity = 'DEBUG' | 'INFO' | 'NOTICE' | 'WARNING' | 'ERROR';

export type LogEntry = {
  readonly severity: Severity;
  readonly message: string;
  /** More keys of the entry's `jsonPayload`. */
  readonly [key: string]: unknown;
};

/** Writes one structured entry; `trace` is the value of `X-Cloud-Trace-Context`, if there is one. */
export type Log = (entry: LogEntry, trace?: string | undefined) => void;

/**
 * Creates a log of one JSON line an entry on standard output, in the format that Cloud Logging reads.
 * Source: https://cloud.google.com/logging/docs/structured-logging
 */
export function createLog(
  options: { readonly projectId?: string | undefined; readonly write?: (line: string) => void } = {},
): Log {
  const { projectId, write = console.log } = options;
  return (entry, trace) => write(JSON.stringify({ ...entry, ...traceFields(projectId, trace) }));
}

const TRACE = /^([0-9a-f]{32})(?:\/(\d{1,20}))?/i;

function traceFields(projectId: string | undefined, trace: string | undefined): Record<string, string> {
  const [, traceId, spanId] = TRACE.exec(trace ?? '') ?? [];
  if (projectId === undefined || traceId === undefined) return {};
  return {
    'logging.googleapis.com/trace': `projects/${projectId}/traces/${traceId}`,
    ...(spanId === undefined ? {} : { 'logging.googleapis.com/spanId': toSpanHex(spanId) }),
  };
}

/** The header carries the span as a decimal, Cloud Logging wants 16 hexadecimal digits. */
function toSpanHex(decimal: string): string {
  return BigInt.asUintN(64, BigInt(decimal)).toString(16).padStart(16, '0');
}
