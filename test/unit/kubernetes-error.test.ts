import { expect, test } from 'vitest';
import { answerError, failureError, isNotFound } from '../../shared/adapters/kubernetes/kubernetes-error.ts';
import { ClusterError } from '../../shared/ports.ts';

const call = { verb: 'patch', resource: 'deployments/scale', namespace: 'staging', name: 'web--g' } as const;
const status = (code: number, reason: string, message: string) =>
  JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message });

test('answerError names verb, resource, status and Kubernetes’ own message', () => {
  const error = answerError(call, 409, status(409, 'Conflict', 'the object has been modified'));
  expect(error).toBeInstanceOf(ClusterError);
  expect(error.message).toBe(
    'could not patch deployments/scale web--g in namespace staging: 409 the object has been modified',
  );
  expect(error.cause).toBeInstanceOf(Error);
});

test('answerError says of a 403 which right is missing', () => {
  const error = answerError(call, 403, status(403, 'Forbidden', 'User "x" cannot patch'));
  expect(error.message).toBe('may not patch deployments/scale in namespace staging: User "x" cannot patch');
});

test('answerError cuts the page of a front end short, and does without a body', () => {
  expect(answerError(call, 502, '<html>'.repeat(1_000)).message.length).toBeLessThan(700);
  expect(answerError(call, 401, undefined).message).toContain('401 without a message');
});

test('failureError keeps the cause, and lets a ClusterError be', () => {
  const cause = new TypeError('broken');
  expect(failureError(call, cause)).toMatchObject({ name: 'ClusterError', cause });
  expect(failureError(call, cause).message).toContain(
    'patch deployments/scale web--g in namespace staging: broken',
  );
  const error = new ClusterError('already told');
  expect(failureError(call, error)).toBe(error);
});

test('isNotFound believes Kubernetes alone: another’s 404 must not turn visitors away', () => {
  expect(isNotFound(404, status(404, 'NotFound', 'deployments.apps "a" not found'))).toBe(true);
  for (const body of ['404 page not found', '<html>', '', undefined, '{}', 'null', '"NotFound"']) {
    expect(isNotFound(404, body)).toBe(false);
  }
  expect(isNotFound(410, status(410, 'NotFound', ''))).toBe(false);
});
