import fc from 'fast-check';
import {
  BODIES,
  CONTENT_TYPES,
  FRAMINGS,
  HEADERS,
  HOSTS,
  KNOWN_BRANCH,
  METHODS,
  PATHS,
  VALUES,
  VERSIONS,
} from './corpus.ts';

export type Target = 'wake' | 'sleep' | 'proxy';

export type HostileRequest = {
  readonly target: Target;
  /** latin1: one character is one byte. */
  readonly text: string;
  /** It ends as a request should: whoever takes it in has to answer, or to close the connection. */
  readonly isWhole: boolean;
};

type Parts = {
  readonly method: string;
  readonly path: string;
  readonly version: string;
  readonly headers: readonly string[];
  readonly body: string;
  readonly lineEnd: string;
};

const ROUTES: Readonly<Record<Target, readonly string[]>> = {
  wake: ['/touch', '/hold', '/page', '/progress'],
  sleep: ['/', '/?dryRun=true', '/?dryRun=false'],
  proxy: ['/', '/a/b?c=d', '/.dormouse/progress'],
};
const USUAL_METHOD = { wake: 'GET', sleep: 'POST', proxy: 'GET' } as const;

const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const wild = fc.string({ unit: byte, maxLength: 200 });
const label = fc.string({ unit: fc.constantFrom(...'abcxyz0189-'), minLength: 1, maxLength: 40 });
const madeUpHost = label.map((text) => `a${text}--g.example.com`);
const knownHost = fc.constant(`${KNOWN_BRANCH}.example.com`);
const host = fc.oneof(
  { weight: 4, arbitrary: madeUpHost },
  { weight: 2, arbitrary: knownHost },
  { weight: 4, arbitrary: fc.constantFrom(...HOSTS) },
  { weight: 1, arbitrary: wild },
);
const value = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...VALUES) }, { weight: 1, arbitrary: wild });
const header = fc
  .tuple(fc.constantFrom(...HEADERS), value)
  .map(([name, text]) => `${name}: ${isAboutHosts(name) ? text.slice(0, 300) : text}`);
const oddHeader = fc
  .tuple(
    fc.oneof(fc.constantFrom(...HEADERS), wild),
    fc.constantFrom(':', ' : ', '', ':\t', ': \r\n\t'),
    value,
  )
  .map((parts) => parts.join(''));
const body = fc.oneof(fc.constantFrom(...BODIES), wild);

/** Any request to one of these, of which most come as far as our own code. */
export function arbitraryRequest(targets: readonly Target[]): fc.Arbitrary<HostileRequest> {
  return fc.constantFrom(...targets).chain((target) => {
    const whole = fc.oneof(
      { weight: 3, arbitrary: wellFormed(target) },
      { weight: 1, arbitrary: withBody(target) },
    );
    const noise = fc.string({ unit: byte, minLength: 1, maxLength: 2_000 });
    const odd = fc.oneof({ weight: 2, arbitrary: malformed(target) }, { weight: 1, arbitrary: noise });
    return fc.oneof(
      { weight: 3, arbitrary: whole.map((text) => ({ target, text, isWhole: true })) },
      { weight: 1, arbitrary: odd.map((text) => ({ target, text, isWhole: false })) },
    );
  });
}

function wellFormed(target: Target): fc.Arbitrary<string> {
  const parts = fc.record({
    method: usually(USUAL_METHOD[target], METHODS),
    path: usuallyOneOf(ROUTES[target], PATHS),
    version: fc.constant('HTTP/1.1'),
    headers: fc
      .tuple(hostHeader(target), fc.array(header, { maxLength: 6 }))
      .map(([first, rest]) => [first, ...rest]),
    body: fc.constant(''),
    lineEnd: fc.constant('\r\n'),
  });
  return parts.map(writeRequest);
}

/** Framed as it should be: what is hostile is what the body says. */
function withBody(target: Target): fc.Arbitrary<string> {
  const parts = fc.record({
    method: fc.constantFrom('POST', 'PUT', 'GET', 'PATCH'),
    path: fc.constantFrom(...ROUTES[target]),
    type: fc.constantFrom(...CONTENT_TYPES),
    first: hostHeader(target),
    body,
  });
  return parts.map(({ type, first, ...rest }) => {
    const headers = [first, `Content-Type: ${type}`, `Content-Length: ${rest.body.length}`];
    return writeRequest({ ...rest, headers, version: 'HTTP/1.1', lineEnd: '\r\n' });
  });
}

function malformed(target: Target): fc.Arbitrary<string> {
  const parts = fc.record({
    method: fc.oneof(fc.constantFrom(...METHODS), wild),
    path: fc.oneof(fc.constantFrom(...PATHS, ...ROUTES[target]), wild),
    version: usually('HTTP/1.1', VERSIONS),
    headers: fc
      .tuple(hostHeader(target), fc.array(oddHeader, { maxLength: 4 }), fc.constantFrom(...FRAMINGS))
      .map(([first, odd, framing]) => [first, ...odd, ...framing]),
    body,
    lineEnd: fc.constantFrom('\r\n', '\r\n', '\n', '\r'),
  });
  return parts.map(writeRequest);
}

function hostHeader(target: Target): fc.Arbitrary<string> {
  return host.map((text) =>
    target === 'proxy' ? `Host: ${text}` : `Host: function\r\nX-Dormouse-Host: ${text}`,
  );
}

/** A header in which a longer text would only be refused. */
function isAboutHosts(name: string): boolean {
  return name === 'Host' || name === 'X-Dormouse-Host';
}

function usually(usual: string, others: readonly string[]): fc.Arbitrary<string> {
  return usuallyOneOf([usual], others);
}

function usuallyOneOf(usual: readonly string[], others: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
}

function writeRequest({ method, path, version, headers, body: text, lineEnd }: Parts): string {
  return [`${method} ${path} ${version}`, ...headers, '', text].join(lineEnd);
}
