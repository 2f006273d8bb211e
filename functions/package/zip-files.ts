import { type Zippable, zipSync } from 'fflate';

/** Path in the archive → content. */
export type ArchiveFiles = ReadonlyMap<string, Uint8Array>;

/**
 * Zips files so that the same files are the same bytes on any machine: sorted by name, of one time and mode, packed in
 * JavaScript, since the bytes that Node's own zlib makes depend on its version.
 */
export function zipFiles(files: ArchiveFiles): Uint8Array {
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  return zipSync(Object.fromEntries(sorted) satisfies Zippable, {
    level: 9,
    mtime: FIRST_TIME,
    ...UNIX_FILE,
  });
}

/** The first that a zip can hold. It holds local time: made of local parts, it is the same in every time zone. */
const FIRST_TIME = new Date(1980, 0, 1);
/** Made by Unix, `-rw-r--r--`: by default it would be a file of MS-DOS without permissions. */
const UNIX_FILE = { os: 3, attrs: 0o100644 << 16 } as const;
