import { describeFigure, figureToJson, tableHead } from './describe-figure.ts';
import type { Figure, Measure } from './measure.ts';
import { MissingPartError } from './require-part.ts';

export type BenchOutput = {
  /** What was asked for: figures. */
  readonly print: (text: string) => void;
  /** What goes on, for a person. */
  readonly tell: (text: string) => void;
};

export type BenchResult = {
  readonly figures: readonly Figure[];
  /** Measures without figures: those whose parts are not here, and those that failed. */
  readonly leftOut: readonly string[];
  readonly failed: readonly string[];
};

/** Runs measures one after the other, and prints each figure as soon as it is known. One that fails stops none. */
export async function runMeasures(
  measures: readonly Measure[],
  options: { readonly isJson: boolean },
  { print, tell }: BenchOutput,
): Promise<BenchResult> {
  const figures: Figure[] = [];
  const withoutFigures = { leftOut: [] as string[], failed: [] as string[] };
  const toText = options.isJson ? figureToJson : describeFigure;
  if (!options.isJson) print(tableHead());
  for (const measure of measures) {
    tell(`measuring ${measure.id}: ${measure.what}`);
    const outcome = await tryMeasure(measure);
    if (outcome.outcome === 'measured') {
      figures.push(...outcome.figures);
      for (const figure of outcome.figures) print(toText(figure));
      continue;
    }
    withoutFigures[outcome.outcome].push(measure.id);
    tell(`${outcome.outcome === 'leftOut' ? 'left out' : 'failed'}: ${measure.id}: ${outcome.why}`);
  }
  return { figures, ...withoutFigures };
}

type Outcome =
  | { readonly outcome: 'measured'; readonly figures: readonly Figure[] }
  | { readonly outcome: 'leftOut' | 'failed'; readonly why: string };

async function tryMeasure({ measure }: Measure): Promise<Outcome> {
  try {
    return { outcome: 'measured', figures: await measure() };
  } catch (error) {
    if (error instanceof MissingPartError) return { outcome: 'leftOut', why: error.message };
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { outcome: 'failed', why };
  }
}

/** 0 if all is as it should be: a failure always counts, what is missed or left out only if that was asked for. */
export function exitCodeOf({ figures, leftOut, failed }: BenchResult, isStrict: boolean): 0 | 1 {
  if (failed.length > 0) return 1;
  const isMissed = figures.some(({ met }) => !met) || leftOut.length > 0;
  return isStrict && isMissed ? 1 : 0;
}

/** The last lines for a person: what was missed, failed or left out. */
export function summarizeBench({ figures, leftOut, failed }: BenchResult, seconds: number): string {
  const missed = figures.filter(({ met }) => !met).map(({ id }) => id);
  const parts = [
    `${figures.length - missed.length} of ${figures.length} goals are met`,
    ...(missed.length > 0 ? [`missed: ${missed.join(', ')}`] : []),
    ...(failed.length > 0 ? [`failed: ${failed.join(', ')}`] : []),
    ...(leftOut.length > 0 ? [`left out: ${leftOut.join(', ')}`] : []),
    `${Math.round(seconds)} s`,
  ];
  return parts.join('; ');
}
