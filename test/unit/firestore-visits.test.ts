import { expect, test } from 'vitest';
import { createFirestoreVisits } from '../../shared/adapters/firestore/firestore-visits.ts';
import type { RestRequest } from '../../shared/adapters/rest/rest-transport.ts';
import type { VisitStore } from '../../shared/ports.ts';
import { BRANCH } from '../fixtures/branches.ts';

type Condition = { readonly exists?: boolean; readonly updateTime?: string };
type Write = { readonly update: { readonly fields: object }; readonly currentDocument?: Condition };

type Stored = { readonly fields: object; readonly updateTime: string };

/** Why Firestore does not write, in its own word. */
function refusalOf({ exists, updateTime }: Condition, found: Stored | undefined): string | undefined {
  if (exists === false && found !== undefined) return 'ALREADY_EXISTS';
  if (exists === true && found === undefined) return 'NOT_FOUND';
  return updateTime === undefined || updateTime === found?.updateTime ? undefined : 'FAILED_PRECONDITION';
}

/** A Firestore of one document, which keeps the conditions of writes and tells how often it was written. */
function createOneDocument() {
  let document: Stored | undefined;
  let writes = 0;
  const commit = ({ update, currentDocument = {} }: Write) => {
    const refusal = refusalOf(currentDocument, document);
    if (refusal !== undefined) return { status: 400, body: JSON.stringify({ error: { status: refusal } }) };
    writes += 1;
    document = { fields: update.fields, updateTime: `2026-11-25T10:00:00.00000000${writes}Z` };
    return { status: 200, body: JSON.stringify({ writeResults: [{ updateTime: document.updateTime }] }) };
  };
  const send = async ({ body = '' }: RestRequest) => ({ ...commit(JSON.parse(body).writes[0]), headers: {} });
  return { send, writes: () => writes };
}

function openVisits(): { visits: VisitStore; writes: () => number } {
  const { send, writes } = createOneDocument();
  const transport = {
    send,
    stream: () => Promise.reject(new Error('not asked for')),
    close: () => undefined,
  };
  const scope = { cluster: 'staging', namespace: 'branches' };
  return {
    visits: createFirestoreVisits({ transport, projectId: 'project', databaseId: '(default)', ...scope }),
    writes,
  };
}

test('a visit to a branch without a record creates none', async () => {
  const { visits, writes } = openVisits();
  expect(await visits.stampVisit(BRANCH)).toBe('missing');
  expect(writes()).toBe(0);
});

test('a first visit leaves the record that somebody else has just created', async () => {
  const { visits, writes } = openVisits();
  expect(await visits.createRecord(BRANCH)).toBe('created');
  expect(await visits.createRecord(BRANCH)).toBe('exists');
  expect(writes()).toBe(1);
});

test('a claim loses against a visit that came after the record was read', async () => {
  const { visits, writes } = openVisits();
  await visits.createRecord(BRANCH);
  await visits.stampVisit(BRANCH);
  const beforeTheVisit = '2026-11-25T10:00:00.000000001Z';
  expect(await visits.update(BRANCH, beforeTheVisit, { asleepSince: 'now' })).toEqual({
    outcome: 'conflict',
  });
  expect(writes()).toBe(2);
});

test('a claim of an unchanged record is written and tells the new version', async () => {
  const { visits } = openVisits();
  await visits.createRecord(BRANCH);
  const claimed = await visits.update(BRANCH, '2026-11-25T10:00:00.000000001Z', { asleepSince: 'now' });
  expect(claimed).toEqual({ outcome: 'written', version: '2026-11-25T10:00:00.000000002Z' });
});
