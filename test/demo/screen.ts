/** What the demo shows: lines that scroll by and, on a terminal, a table below them that stays in place. */
export type Screen = {
  readonly tell: (line: string) => void;
  readonly showTable: (lines: readonly string[]) => void;
};

const UP_AND_CLEAR = (lines: number) => `\u001b[${lines}A\u001b[0J`;

export function createScreen(output: NodeJS.WriteStream): Screen {
  let table: readonly string[] = [];
  const draw = (lines: readonly string[]) => {
    const erase = table.length > 0 ? UP_AND_CLEAR(table.length) : '';
    output.write(erase + lines.map((line) => `${line}\n`).join(''));
  };
  if (!output.isTTY) return { tell: (line) => void output.write(`${line}\n`), showTable: () => {} };
  return {
    tell: (line) => draw([line, ...table]),
    showTable: (lines) => {
      const next = ['', ...lines];
      draw(next);
      table = next;
    },
  };
}
