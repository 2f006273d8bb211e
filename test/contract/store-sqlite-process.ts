import { once } from 'node:events';
import { createSqliteStore } from '../../shared/adapters/sqlite/sqlite-store.ts';
import type { BranchStore } from '../../shared/ports.ts';

/**
 * One of several processes that share a file: tells that it is ready, waits for a line on stdin, then does one task
 * and prints how it ended. Arguments: the task, the file, and for `claim` the version.
 */
const [task = '', file = '', version = ''] = process.argv.slice(2);

const BRANCH = 'my-branch--g';
const VISITS = 300;

const tasks: Readonly<Record<string, (store: BranchStore) => Promise<string>>> = {
  create: (store) => store.createRecord(BRANCH),
  claim: async (store) => (await store.update(BRANCH, version, { asleepSince: 'now' })).outcome,
  visit: async (store) => {
    const outcomes = new Set<string>();
    for (let visit = 0; visit < VISITS; visit++) outcomes.add(await store.stampVisit(BRANCH));
    return [...outcomes].join();
  },
};

process.stdout.write('ready\n');
await once(process.stdin, 'data');
const store = createSqliteStore({ file, cluster: 'staging', namespace: 'shared' });
process.stdout.write(`${await tasks[task]?.(store)}\n`);
await store.close();
process.exit();
