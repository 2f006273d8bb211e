/** A package-lock.json of version 3, as far as it is read here. */
export type Lock = {
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, LockedPackage>>;
};

type LockedPackage = {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
};

export type Manifest = {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
};

/**
 * Picks, out of a lock of more, what one manifest needs: the same versions in the same places.
 * @throws Error when a dependency is not locked
 */
export function pickLock(lock: Lock, manifest: Manifest): object {
  const picked = new Map<string, LockedPackage>();
  const waiting = dependenciesOf('', manifest);
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const place = placeOf(lock, next);
    const locked = lock.packages[place];
    if (locked === undefined || picked.has(place)) continue;
    picked.set(place, locked);
    waiting.push(...dependenciesOf(place, locked));
  }
  const { name, version } = manifest;
  const packages = { '': manifest, ...Object.fromEntries([...picked].sort(([a], [b]) => (a < b ? -1 : 1))) };
  return { name, version, lockfileVersion: lock.lockfileVersion, requires: true, packages };
}

type Wanted = { readonly by: string; readonly name: string; readonly isOptional: boolean };

function dependenciesOf(
  by: string,
  { dependencies = {}, optionalDependencies = {} }: LockedPackage,
): Wanted[] {
  const names = Object.keys({ ...dependencies, ...optionalDependencies });
  return names.map((name) => ({ by, name, isOptional: name in optionalDependencies }));
}

/** As Node looks a package up: in the dependent's own node_modules, then outwards. */
function placeOf({ packages }: Lock, { by, name, isOptional }: Wanted): string {
  for (let folder = by; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const place = `${folder}${folder === '' ? '' : '/'}node_modules/${name}`;
    if (place in packages) return place;
    if (folder !== '') continue;
    if (isOptional) return '';
    throw new Error(`package-lock.json has no ${name}, which ${by || 'the archive'} needs: run npm install`);
  }
}
