import type { Authorize, TlsOptions } from '../rest/rest-transport.ts';

/** How to reach an API server, and as whom. */
export type KubernetesConnection = {
  readonly url: string;
  readonly tls?: TlsOptions;
  readonly authorize: Authorize;
};

/**
 * A GKE cluster by its DNS endpoint, `gke-….REGION.gke.goog`. Its certificate is signed by a public authority:
 * with the cluster's own CA every call would fail.
 *
 * Source: GKE, "About network isolation": DNS-based endpoint.
 */
export function createGkeConnection(gke: {
  readonly endpoint: string;
  readonly authorize: Authorize;
}): KubernetesConnection {
  const host = gke.endpoint.replace(/^https:\/\//, '').replace(/\/+$/, '');
  return { url: `https://${host}`, authorize: gke.authorize };
}

/** A proxy that adds credentials of its own, as `kubectl proxy` does. */
export function createProxyConnection(url: string): KubernetesConnection {
  return { url: url.replace(/\/+$/, ''), authorize: async () => ({}) };
}
