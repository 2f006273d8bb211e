import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapeHtml, scriptJson } from '../../../shared/page/escape-html.ts';
import { html } from '../../../shared/page/html.ts';

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('<', '>', '"', "'", '&', '/', '!', '-', 'script', '\u2028', '\n', '\\'),
  }),
);

test('escapeHtml leaves nothing that markup is made of', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      expect(escapeHtml(text)).not.toMatch(/[<>"']|&(?!(amp|lt|gt|quot|#39);)/);
    }),
  );
});

test('escapeHtml keeps every text apart from any other', () => {
  const readBack = (text: string) =>
    text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => {
      const named: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"' };
      return named[entity] ?? "'";
    });
  fc.assert(
    fc.property(hostile, (text) => {
      expect(readBack(escapeHtml(text))).toBe(text);
    }),
  );
});

test('scriptJson ends no script, begins no comment, and says the same', () => {
  fc.assert(
    fc.property(fc.dictionary(hostile, hostile), (value) => {
      const json = scriptJson(value);
      expect(json).not.toMatch(/[<>&\u2028\u2029]/);
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('html escapes texts and lets markup of its own through', () => {
  const inner = html`<b>${'<&>'}</b>`;
  expect(html`<p>${inner} ${'"'} ${[inner, inner]} ${3}</p>`.markup).toBe(
    '<p><b>&lt;&amp;&gt;</b> &quot; <b>&lt;&amp;&gt;</b><b>&lt;&amp;&gt;</b> 3</p>',
  );
});
