/** A host that a proxy reports, read. */
export type BranchHost = { readonly branch: string } | { readonly problem: string };

const MAX_HOST_LENGTH = 253;
/** What a visitor can ask for: a DNS label that ends in `--g`. */
const BRANCH_LABEL = /^[a-z0-9][a-z0-9-]{0,59}--g$/;

/** Whether a Service of this name is a branch that visitors can reach. */
export function isBranchName(name: string): boolean {
  return BRANCH_LABEL.test(name);
}

/**
 * Reads `my-branch--g.example.com` as the branch `my-branch--g`. The host is nginx's `$host` (lower case, no
 * port), but anybody may have sent it: whatever is not exactly a branch host is a problem, named in a sentence.
 */
export function parseBranchHost(host: string | undefined): BranchHost {
  if (host === undefined || host === '') return { problem: 'the header X-Dormouse-Host is missing' };
  if (host.length > MAX_HOST_LENGTH)
    return { problem: `the host is ${host.length} characters long, at most 253 are allowed` };
  const [label = ''] = host.split('.');
  if (label.length > 63)
    return { problem: `the first label is ${label.length} characters long, at most 63 are allowed` };
  if (!isBranchName(label)) {
    return {
      problem: `${JSON.stringify(host)} is not a branch host: its first label must look like my-branch--g`,
    };
  }
  return { branch: label };
}
