import { expect, test } from 'vitest';
import {
  createGkeConnection,
  createProxyConnection,
} from '../../shared/adapters/kubernetes/kubernetes-connection.ts';

const authorize = async () => ({ authorization: 'Bearer t' });

test.each(['gke-1.europe-west1.gke.goog', 'https://gke-1.europe-west1.gke.goog/'])(
  'createGkeConnection reaches the endpoint %s over TLS, and trusts public authorities alone',
  (endpoint) => {
    const connection = createGkeConnection({ endpoint, authorize });
    expect(connection).toEqual({ url: 'https://gke-1.europe-west1.gke.goog', authorize });
  },
);

test('createProxyConnection shows no credentials', async () => {
  const connection = createProxyConnection('http://127.0.0.1:8001/');
  expect(connection.url).toBe('http://127.0.0.1:8001');
  expect(await connection.authorize({ renew: true })).toEqual({});
});
