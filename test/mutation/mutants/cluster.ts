import type { Mutant } from '../mutant.ts';

const VISITS = 'shared/adapters/kubernetes/kubernetes-visits.ts';
const SWEEPS = 'shared/adapters/kubernetes/gke-cluster.ts';

/** The preconditions under which workloads are scaled, and what Kubernetes' answers mean. */
export const CLUSTER_MUTANTS: readonly Mutant[] = [
  {
    name: 'lower-without-resource-version',
    breaks: 'A workload is scaled to 0 although it changed since it was read.',
    file: SWEEPS,
    find: '{ metadata: { resourceVersion }, spec: { replicas: 0 } }',
    replace: '{ spec: { replicas: Math.min(0, resourceVersion.length) } }',
  },
  {
    name: 'lower-takes-conflict-for-done',
    breaks: 'A scale to 0 that was refused is taken for done.',
    file: SWEEPS,
    find: "if (answer.status === 409) return 'conflict';",
    replace: "if (answer.status === 409) return 'lowered';",
  },
  {
    name: 'list-stops-at-the-first-page',
    breaks: 'A sweep sees only the first page of the workloads.',
    file: 'shared/adapters/kubernetes/list-pages.ts',
    find: 'if (!position) return { values };',
    replace: 'if (position !== null) return { values };',
  },
  {
    name: 'raise-unconditional',
    breaks: 'A wake writes over the replicas that somebody set meanwhile.',
    file: VISITS,
    find: "    { op: 'test', path: '/spec', value: {} },\n",
    replace: '',
  },
  {
    name: 'raise-tests-the-value',
    breaks: 'A wake tests for a 0 that a Scale never shows, and wakes nobody.',
    file: VISITS,
    find: "{ op: 'test', path: '/spec', value: {} }",
    replace: "{ op: 'test', path: '/spec/replicas', value: 0 }",
  },
  {
    name: 'forbidden-wake-is-awake',
    breaks: 'A wake that an admission policy refused is taken for an awake branch.',
    file: VISITS,
    find: 'if (answer.status === 422 && !(await isAtZero(target, workload)))',
    replace: 'if (answer.status === 422)',
  },
  {
    name: 'namesake-of-another-branch',
    breaks: 'A workload of the branch’s name that a label gives to another is read as the branch’s.',
    file: VISITS,
    find: '(read.branchLabel ?? read.name) !== workload.name ? [] : [read]',
    replace: 'read.name !== workload.name ? [] : [read]',
  },
  {
    name: 'anybodys-404-is-no-branch',
    breaks: 'A 404 of a front end turns visitors away.',
    file: 'shared/adapters/kubernetes/kubernetes-error.ts',
    find: "return status === 404 && parseStatus(body)?.reason === 'NotFound';",
    replace: 'return status === 404 && body !== undefined;',
  },
];
