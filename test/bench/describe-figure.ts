import type { Figure } from './measure.ts';

const DIGITS = 3;
const COLUMNS = ['id', 'ratio', 'goal', 'met', 'n', 'median', 'spread', 'unit'] as const;
const WIDTHS = { id: 9, ratio: 9, goal: 9, met: 5, n: 4, median: 11, spread: 11, unit: 11 };
/** What is held against the goal is at most it, unless more is better. */
const MORE_IS_BETTER = /\/s$/;

/** A figure on one line of JSON, for programs: numbers as they are. */
export function figureToJson(figure: Figure): string {
  return JSON.stringify(figure);
}

/** The head of the table. */
export function tableHead(): string {
  return COLUMNS.map((column) => pad(column, column)).join('');
}

/** A figure as a row of the table, with what was compared and what else was seen below it. */
export function describeFigure(figure: Figure): string {
  const { id, ratio, goal, met, n, median, spread, unit, what, details = {} } = figure;
  const cells = {
    id,
    ratio: round(ratio),
    goal: `${isAtLeast(figure) ? '≥' : '≤'} ${round(goal)}`,
    met: met ? 'yes' : 'NO',
    n: String(n),
    median: round(median),
    spread: `± ${round(spread / 2)}`,
    unit,
  };
  const row = COLUMNS.map((column) => pad(column, cells[column])).join('');
  const seen = Object.entries(details).map(([name, value]) => `${name} ${round(value)}`);
  return [row.trimEnd(), `  ${what}`, ...(seen.length > 0 ? [`  ${seen.join(', ')}`] : [])].join('\n');
}

/** Rows alone, as in docs/performance.md. */
export function toMarkdown(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const { id, what, ratio, goal, met, n, median, spread, unit } = figure;
    const sign = isAtLeast(figure) ? '≥' : '≤';
    const verdict = met ? 'yes' : '**no**';
    return `| ${id} | ${what} | ${round(ratio)} | ${sign} ${round(goal)} | ${verdict} | ${n} | ${round(median)} ± ${round(spread / 2)} ${unit} |`;
  });
  return [
    '| id | measure | ratio | goal | met | n | median ± half the spread |',
    '|---|---|---|---|---|---|---|',
  ]
    .concat(rows)
    .join('\n');
}

function isAtLeast({ unit }: Figure): boolean {
  return MORE_IS_BETTER.test(unit);
}

function pad(column: (typeof COLUMNS)[number], text: string): string {
  return text.padEnd(WIDTHS[column]);
}

/** Three digits that count, and no exponent. */
function round(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const rounded = Number(value.toPrecision(DIGITS));
  return Math.abs(value) >= 10 ** DIGITS ? String(Math.round(value)) : String(rounded);
}
