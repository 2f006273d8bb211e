import type { Mutant } from '../mutant.ts';

const TOUCH = 'shared/flows/touch.ts';

/** What records a visit, and how that may go wrong. */
export const TOUCH_MUTANTS: readonly Mutant[] = [
  {
    name: 'touch-looks-early',
    breaks: 'A touch looks while its write is under way, not after it.',
    file: TOUCH,
    find: '  const stamp = await (kind.isBackground ? stampBackground : stampVisit)(touching, branch);\n',
    replace:
      "  const early = look(touching, branch, { ...kind, stamp: { stamp: 'written' } });\n  const [stamp, seen] = await Promise.all([stampVisit(touching, branch), early]);\n  if (seen.outcome !== 'no-such-branch') return seen;\n",
  },
  {
    name: 'touch-forgets',
    breaks: 'A touch writes no visit.',
    file: TOUCH,
    find: 'return stampOnce(written, branch, () => store.stampVisit(branch));',
    replace: "return stampOnce(written, branch, async () => (store === undefined ? 'missing' : 'stamped'));",
  },
  {
    name: 'touch-throttle-counts-failures',
    breaks: 'A write that failed counts as written, and the next touches write nothing.',
    file: TOUCH,
    find: `    return { stamp: 'written' };
  } catch (error) {
    return { stamp: 'failed', problem: messageOf(error) };
  }
}

async function look`,
    replace: `    return { stamp: 'written' };
  } catch (error) {
    written.add(branch);
    return { stamp: 'failed', problem: messageOf(error) };
  }
}

async function look`,
  },
  {
    name: 'touch-fails-with-the-store',
    breaks: 'A store that fails keeps a visit from waking its branch.',
    file: TOUCH,
    find: `    return { stamp: 'written' };
  } catch (error) {
    return { stamp: 'failed', problem: messageOf(error) };
  }
}

async function look`,
    replace: `    return { stamp: 'written' };
  } catch (error) {
    throw error;
  }
}

async function look`,
  },
  {
    name: 'awake-cached-unrecorded',
    breaks: 'A branch is remembered as awake although its visit could not be written.',
    file: TOUCH,
    find: "if (isRecorded && !isBackground && outcome.outcome === 'awake')",
    replace: "if (!isBackground && outcome.outcome === 'awake')",
  },
  {
    name: 'awake-trusted-unrecorded',
    breaks: 'A visit that could not be written trusts that the branch is awake, and does not look.',
    file: TOUCH,
    find: 'if (isRecorded && !isHeld && touching.awake.has(branch))',
    replace: 'if (!isHeld && touching.awake.has(branch))',
  },
  {
    name: 'hold-trusts-the-cache',
    breaks: 'A visitor who found nobody home is told from memory that the branch is awake.',
    file: TOUCH,
    find: 'if (isRecorded && !isHeld && touching.awake.has(branch))',
    replace: 'if (isRecorded && touching.awake.has(branch))',
  },
  {
    name: 'touch-takes-any-host',
    breaks: 'A host without a record costs reads of workloads, though no Service bears its name.',
    file: TOUCH,
    find: "const found = stamp.stamp === 'missing' ? await touching.known.ask(branch) : 'known';",
    replace: "const found = 'known' as string;",
  },
  {
    name: 'touch-ignores-opt-out',
    breaks: 'A visit wakes a branch that is not to be touched.',
    file: TOUCH,
    find: 'if (!policy.isEnabled) return',
    replace: 'if (false) return',
  },
  {
    name: 'dry-run-wakes',
    breaks: 'A visit in a dry run wakes its branch.',
    file: TOUCH,
    find: 'if (isDryRun) return',
    replace: 'if (false) return',
  },
  {
    name: 'new-branch-stays-unrecorded',
    breaks: 'The first visit of a branch creates no record.',
    file: TOUCH,
    find: 'await store.createRecord(branch);',
    replace: 'await Promise.resolve();',
  },
  {
    name: 'unknown-hosts-unbounded',
    breaks: 'Kubernetes is asked about as many made-up hosts as anybody likes.',
    file: 'shared/flows/known-branches.ts',
    find: "if (!allowance.take()) return 'busy';",
    replace: '',
  },
  {
    name: 'outage-hosts-unbounded',
    breaks: 'While the store is down, Kubernetes is asked about as many made-up hosts as anybody likes.',
    file: TOUCH,
    find: "if (!touching.unrecorded.take()) return { outcome: 'busy' };",
    replace: '',
  },
  {
    name: 'outage-counts-branches',
    breaks: 'While the store is down, branches that are there use up what is meant for made-up hosts.',
    file: TOUCH,
    find: "if (outcome.outcome !== 'no-such-branch') touching.unrecorded.giveBack();",
    replace: '',
  },
  {
    name: 'raise-waits-for-ever',
    breaks: 'A scale call that is done and never answered holds its visitor until it times out.',
    file: 'shared/adapters/kubernetes/kubernetes-visits.ts',
    find: 'return Promise.race([first, second.catch(() => first)]);',
    replace: 'return second.then(() => first, () => first);',
  },
  {
    name: 'proxies-unbounded',
    breaks: 'Whoever may call writes heartbeats of as many proxies as he likes to make up.',
    file: 'functions/proxy-limit.ts',
    find: 'if (!known.has(proxy) && !allowance.take()) return false;',
    replace: '',
  },
  {
    name: 'busy-host-forgotten',
    breaks: 'Kubernetes is asked anew at each visit of a host that is known to be nobody.',
    file: 'shared/flows/known-branches.ts',
    find: "if (unknown.has(branch)) return 'unknown';",
    replace: '',
  },
];
