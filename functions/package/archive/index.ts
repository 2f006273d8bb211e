import { enableCompileCache } from 'node:module';
import path from 'node:path';

/**
 * What functions-framework loads from the archive. The build fills the cache (warm-up.ts); without it a start is slower
 * and nothing else changes. Loaded without `FUNCTION_TARGET`, as Google's build may do, it does nothing.
 */
// biome-ignore lint/style/noProcessEnv: it must know whether to load the only reader of the environment
if (process.env.FUNCTION_TARGET) {
  enableCompileCache(path.join(import.meta.dirname, '.compile-cache'));
  await import('../../index.ts');
}
