/** A request inside of a request, for a host that must never be heard of. */
export const INNER_HOST = 'inner--g.example.com';

export type Shape = {
  readonly name: string;
  /** All that is sent on one connection; `HOST` stands for the host that is asked for. */
  readonly text: string;
  /** How many requests it is, by the standard. `refused`: it has to be none at all. */
  readonly requests: 1 | 2 | 'refused';
};

const INNER = `GET /hold HTTP/1.1\r\nHost: ${INNER_HOST}\r\nX-Dormouse-Host: ${INNER_HOST}\r\n\r\n`;
const CHUNKED_INNER = `${INNER.length.toString(16)}\r\n${INNER}\r\n0\r\n\r\n`;

function post(headers: readonly string[], body: string): string {
  return ['POST /order HTTP/1.1', 'Host: HOST', ...headers, '', body].join('\r\n');
}

function accepted(name: string, headers: readonly string[], body: string): Shape {
  return { name, text: post([...headers, 'Connection: close'], body), requests: 1 };
}

function refused(name: string, ...headers: readonly string[]): Shape {
  return { name, text: post(headers, `0\r\n\r\n${INNER}`), requests: 'refused' };
}

/**
 * What parsers are known to disagree about.
 * Source: RFC 9112, 6.3 and 11.2; the variants of "HTTP desync attacks" (J. Kettle, 2019 and 2021).
 */
export const SHAPES: readonly Shape[] = [
  refused('CL.TE', 'Content-Length: 5', 'Transfer-Encoding: chunked'),
  refused('TE.CL', 'Transfer-Encoding: chunked', 'Content-Length: 4'),
  refused('TE.TE, the second unknown', 'Transfer-Encoding: chunked', 'Transfer-Encoding: cow'),
  refused('TE twice', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
  refused('a list of TE', 'Transfer-Encoding: identity, chunked'),
  refused('TE by another name', 'Transfer-Encoding: xchunked'),
  refused('TE with a blank before the colon', 'Transfer-Encoding : chunked', 'Content-Length: 5'),
  refused('TE with a tab before the colon', 'Transfer-Encoding\t: chunked', 'Content-Length: 5'),
  refused('TE on a folded line', 'X: y', ' Transfer-Encoding: chunked', 'Content-Length: 5'),
  refused('TE with a vertical tab', 'Transfer-Encoding: \x0bchunked', 'Content-Length: 5'),
  refused('TE after a NUL', 'X: y\0', 'Transfer-Encoding: chunked', 'Content-Length: 5'),
  refused('CL twice, differing', 'Content-Length: 5', 'Content-Length: 200'),
  refused('CL twice, the same', 'Content-Length: 5', 'Content-Length: 5'),
  refused('a list of CL', 'Content-Length: 5, 200'),
  refused('CL with a sign', 'Content-Length: +5'),
  refused('CL below zero', 'Content-Length: -5'),
  refused('CL in hexadecimal', 'Content-Length: 0x5'),
  refused('CL that overflows', 'Content-Length: 18446744073709551621'),
  refused('CL with a blank before the colon', 'Content-Length : 5'),
  refused('a NUL in a value', 'X: a\0b', 'Content-Length: 0'),
  refused('a NUL in a name', 'X\0: a', 'Content-Length: 0'),
  refused('two hosts', `Host: ${INNER_HOST}`, 'Content-Length: 0'),
  accepted('CL that covers the inner request', [`Content-Length: ${INNER.length}`], INNER),
  accepted('a chunk that covers it', ['Transfer-Encoding: chunked'], CHUNKED_INNER),
  accepted('TE in capitals', ['TRANSFER-ENCODING: CHUNKED'], CHUNKED_INNER),
  accepted(
    'TE with underscores beside CL',
    ['Transfer_Encoding: chunked', `Content-Length: ${INNER.length}`],
    INNER,
  ),
  accepted(
    'a chunk extension that looks like a chunk',
    ['Transfer-Encoding: chunked'],
    CHUNKED_INNER.replace('\r\n', ';a="0\\"b=0;0\r\n'),
  ),
  accepted(
    'a trailer that looks like a header',
    ['Transfer-Encoding: chunked'],
    `0\r\nX-Dormouse-Host: ${INNER_HOST}\r\n\r\n`,
  ),
  { ...accepted('bare line feeds', [], ''), text: post(['Connection: close'], '').replaceAll('\r\n', '\n') },
  {
    ...accepted('HTTP/1.0 with a body', [], ''),
    text: post([`Content-Length: ${INNER.length}`], INNER).replace('HTTP/1.1', 'HTTP/1.0'),
  },
  {
    name: 'two requests, the first with a body',
    text: post(['Content-Length: 5'], 'hello') + post(['Content-Length: 0', 'Connection: close'], ''),
    requests: 2,
  },
];
