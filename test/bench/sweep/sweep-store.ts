import { encodeFields } from '../../../shared/adapters/firestore/firestore-value.ts';
import { documentOf, type ManyBranch } from '../../world/many-branches.ts';

/** Where the records of a sweep world are. */
export const SWEEP_STORE = {
  project: 'bench',
  database: 'dormouse',
  root: 'projects/bench/databases/dormouse/documents',
  cluster: 'bench',
  namespace: 'staging',
  /** What the ids of its documents begin with. */
  prefix: 'bench.staging.',
} as const;

/** Firestore takes no more in one commit. */
const WRITES_PER_COMMIT = 500;

/** Writes the records of branches whole, as if all had been seen before. */
export async function putRecords(host: string, branches: readonly ManyBranch[]): Promise<void> {
  const nowMs = Date.now();
  for (let done = 0; done < branches.length; done += WRITES_PER_COMMIT) {
    const part = branches.slice(done, done + WRITES_PER_COMMIT);
    await commit(
      host,
      part.map((branch) => ({
        update: { name: nameOf('branches', branch.name), fields: encodeFields(documentOf(branch, nowMs)) },
      })),
    );
  }
}

/** One proxy beats: for three minutes a sweep is not blind. */
export async function beat(host: string): Promise<void> {
  const update = { name: nameOf('heartbeats', 'proxy'), fields: encodeFields({ v: 1 }) };
  const updateTransforms = [{ fieldPath: 'lastBeat', setToServerValue: 'REQUEST_TIME' }];
  await commit(host, [{ update, updateTransforms }]);
}

function nameOf(collection: string, name: string): string {
  return `${SWEEP_STORE.root}/${collection}/${SWEEP_STORE.prefix}${name}`;
}

async function commit(host: string, writes: readonly object[]): Promise<void> {
  const response = await fetch(`http://${host}/v1/${SWEEP_STORE.root}:commit`, {
    method: 'POST',
    headers: { authorization: 'Bearer owner', 'content-type': 'application/json' },
    body: JSON.stringify({ writes }),
  });
  const said = await response.text();
  if (!response.ok) throw new Error(`the records cannot be written: ${said}`);
}
