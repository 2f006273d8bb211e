import path from 'node:path';
import { type BuildOptions, build, type OutputFile } from 'esbuild';
import type { ArchiveFiles } from './zip-files.ts';

const ENTRIES = {
  index: 'functions/package/archive/index.ts',
  'warm-up': 'functions/package/archive/warm-up.ts',
};

/**
 * Code is split where the source imports at run time: a touch loads some kilobytes, what waits and what sweeps
 * load the SDKs. Names and identifiers stay: with them shortened, Firestore's SDK fails ("toProto3JSON").
 */
const OPTIONS = {
  bundle: true,
  splitting: true,
  write: false,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'silent',
  chunkNames: 'bundle/[name]-[hash]',
  // The one dependency that is installed: Google's build starts it.
  external: ['@google-cloud/functions-framework'],
  // What CommonJS finds around itself, and an ES module does not.
  define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' },
  banner: {
    js: "import{createRequire as createRequireHere}from'node:module';const require=createRequireHere(import.meta.url);",
  },
} as const satisfies BuildOptions;

export type Bundled = {
  readonly files: ArchiveFiles;
  /** Paths from the root of the sources that are in it. */
  readonly sources: readonly string[];
};

/** Bundles what the archive runs. @throws BuildFailure when a source cannot be bundled */
export async function bundleFunctions(root: string): Promise<Bundled> {
  const outdir = path.join(root, 'dist');
  const built = await build({ ...OPTIONS, entryPoints: ENTRIES, absWorkingDir: root, outdir });
  const toFile = ({ path: file, contents }: OutputFile) =>
    [path.relative(outdir, file).replaceAll(path.sep, '/'), contents] as const;
  return { files: new Map(built.outputFiles.map(toFile)), sources: Object.keys(built.metafile.inputs) };
}
