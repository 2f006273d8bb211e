const SUFFIX = '--g';
const HASH_LENGTH = 6;

/** Longest names: of a DNS label, and of one that a StatefulSet bears (its pods append more). */
const MAX_LABEL = { service: 63, statefulset: 52 } as const;

/**
 * Turns a git branch into the name of its Service and Deployment, a DNS label that ends in `--g`. Where characters
 * were lost a hash of the whole name is added, so that `Feature/Foo`, `feature-foo` and `feature.foo` differ and
 * the one that lost nothing keeps its plain name.
 *
 * Source: Kubernetes refuses Service names that begin with a digit before 1.34, and StatefulSets of more than 52
 * characters get no pods; `--` in places 3 and 4 marks an IDN label (RFC 5891).
 */
export function toBranchName(gitBranch: string, bearer: keyof typeof MAX_LABEL = 'service'): string {
  const room = MAX_LABEL[bearer] - SUFFIX.length;
  const slug = toSlug(gitBranch);
  if (slug === gitBranch && slug.length <= room) return slug + SUFFIX;
  const cut = slug.slice(0, room - HASH_LENGTH - 1).replace(/-+$/, '');
  return `${cut}-${hashOf(gitBranch)}${SUFFIX}`;
}

/** Lower case letters, digits and single dashes; begins with a letter, ends with none of the dashes, never empty. */
function toSlug(text: string): string {
  const slug = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  const lettered = /^[a-z]/.test(slug) ? slug : `b-${slug}`.replace(/-$/, '');
  return lettered.length === 2 ? `b-${lettered}` : lettered; // `ab--g` would have its dashes in places 3 and 4
}

/** FNV-1a of the UTF-16 units in base 36: tells names apart, keeps no secret. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash.toString(36).padStart(HASH_LENGTH, '0').slice(-HASH_LENGTH);
}
