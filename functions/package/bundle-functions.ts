import path from 'node:path';
import { type BuildOptions, build, type Metafile, type OutputFile, type Plugin } from 'esbuild';
import type { ArchiveFiles } from './zip-files.ts';

const ENTRIES = {
  index: 'functions/package/archive/index.ts',
  'warm-up': 'functions/package/archive/warm-up.ts',
};

/**
 * An ES module that imports `node:http` gets every export of it evaluated, that of its WebSocket too: Node then loads
 * all of undici, which takes 20 ms. As CommonJS has it, nothing is touched that is not used.
 * Source: Node.js 24, lib/http.js (`lazyUndici`), lib/internal/bootstrap/realm.js (`syncExports`)
 */
const HTTP_AS_REQUIRED: Plugin = {
  name: 'http-as-required',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^(node:)?http$/ }, () => ({ path: 'node:http', namespace: 'required' }));
    onLoad({ filter: /^/, namespace: 'required' }, ({ path: name }) => ({
      contents: `module.exports = process.getBuiltinModule('${name}');`,
    }));
  },
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
  // By a name that ends in .js functions-framework would look for a package.json, with a package that takes it 10 ms to load.
  outExtension: { '.js': '.mjs' },
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'silent',
  chunkNames: 'bundle/[name]-[hash]',
  plugins: [HTTP_AS_REQUIRED],
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
  /** By file: the packages, sorted, whose code is in it. */
  readonly packages: ReadonlyMap<string, readonly string[]>;
};

const PACKAGE = /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)/;

/** Bundles what the archive runs. @throws BuildFailure when a source cannot be bundled */
export async function bundleFunctions(root: string): Promise<Bundled> {
  const outdir = path.join(root, 'dist');
  const built = await build({ ...OPTIONS, entryPoints: ENTRIES, absWorkingDir: root, outdir });
  const nameOf = (file: string) => path.relative(outdir, path.resolve(root, file)).replaceAll(path.sep, '/');
  const toFile = ({ path: file, contents }: OutputFile) => [nameOf(file), contents] as const;
  const outputs = Object.entries(built.metafile.outputs);
  return {
    files: new Map(built.outputFiles.map(toFile)),
    sources: Object.keys(built.metafile.inputs),
    packages: new Map(outputs.map(([file, { inputs }]) => [nameOf(file), packagesOf(inputs)])),
  };
}

function packagesOf(inputs: Metafile['outputs'][string]['inputs']): readonly string[] {
  const used = Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  return [...new Set(used.flatMap(([source]) => PACKAGE.exec(source)?.[1] ?? []))].sort();
}
