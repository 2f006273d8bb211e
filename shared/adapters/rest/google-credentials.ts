import { GoogleAuth } from 'google-auth-library';
import { reasonOf } from '../../core/message-of.ts';
import type { Authorize } from './rest-transport.ts';
import { withinTime } from './within-time.ts';

export type GoogleCredentialsOptions = {
  readonly scopes: readonly string[];
  /** Without one, google-auth-library may look for it by starting gcloud: half a second. */
  readonly projectId?: string | undefined;
  /** For a new token. Default 1.5 s: less than a call to the store may take. */
  readonly timeoutMs?: number;
};

/**
 * `userinfo.email` makes the account's email its user name in Kubernetes, instead of its numeric id.
 * Source: GKE, "Authorize actions in clusters using RBAC".
 */
export const KUBERNETES_SCOPES = [
  'https://www.googleapis.com/auth/cloud-platform',
  'https://www.googleapis.com/auth/userinfo.email',
] as const;

const DEFAULT_TIMEOUT_MS = 1_500;

/** Long past: any client of google-auth-library takes its token for expired. */
const EXPIRED_MS = 1;

/**
 * Creates the credentials of the function's own account (Application Default Credentials). A token is fetched
 * at the first call and again five minutes before it expires; calls at the same time share one fetch.
 */
export function createGoogleCredentials(options: GoogleCredentialsOptions): Authorize {
  let auth = createAuth(options);
  return async ({ renew }) => {
    try {
      const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
      return await withinTime(readHeaders(auth, renew), timeoutMs, `no token within ${timeoutMs} ms`);
    } catch (cause) {
      auth = createAuth(options); // a fetch that hangs would be shared by every later call
      throw new Error(`no Google credentials: ${reasonOf(cause)}`, { cause });
    }
  };
}

function createAuth({ scopes, projectId }: GoogleCredentialsOptions): GoogleAuth {
  return new GoogleAuth({ scopes: [...scopes], ...(projectId === undefined ? {} : { projectId }) });
}

async function readHeaders(auth: GoogleAuth, renew: boolean): Promise<Record<string, string>> {
  const client = await auth.getClient();
  if (renew) client.setCredentials({ ...client.credentials, expiry_date: EXPIRED_MS });
  const headers = await client.getRequestHeaders();
  return Object.fromEntries(headers.entries());
}
