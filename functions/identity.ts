import type { HttpFunction, Request, Response } from '@google-cloud/functions-framework';
import { type BearerToken, readBearerToken } from '../shared/core/bearer-token.ts';
import {
  type Caller,
  type CallerRules,
  type Claims,
  invalidToken,
  type Refusal,
} from '../shared/core/caller.ts';
import { judgeAccount, judgeUnsigned } from '../shared/core/judge-claims.ts';
import type { Log } from '../shared/log.ts';
import { createBoundedLog } from './bounded-log.ts';
import { createRememberedCallers, type RememberedCallers } from './remembered-callers.ts';
import { sendProblem } from './send-problem.ts';
import { traceOf } from './trace-of.ts';

/** A function that may want to know who calls; `undefined`: nobody checks. */
export type KnowingFunction = (request: Request, response: Response, caller: Caller | undefined) => unknown;

/** Lets only those through to a function who may call it. */
export type Guard = (guarded: KnowingFunction) => HttpFunction;

export type GuardDependencies = {
  readonly rules: CallerRules;
  /** The refusal of a token that Google did not sign for us; undefined if all is well. */
  readonly verifySignature: (token: BearerToken) => Promise<Refusal | undefined>;
  /** Whether a token that comes without its signature is good enough: it proves nothing if everybody may call. */
  readonly acceptsStripped: boolean;
  /** Epoch ms. */
  readonly now: () => number;
  readonly log: Log;
};

const SECOND_MS = 1_000;
const RETRY_SECONDS = '5';
const STATUSES = { 'no-token': 401, 'invalid-token': 401, 'not-allowed': 403, 'no-keys': 503 } as const;

/**
 * Creates the second check of who calls, behind Cloud Run's own, which a person may have opened by mistake: a Google ID
 * token in `Authorization`, for this function, of an account that is allowed. Fails closed.
 *
 * Cloud Run takes the signature of the token that it checks. It checks `X-Serverless-Authorization` if that was sent,
 * and then leaves `Authorization` as it is: a caller who sends its token in both is verified here, too.
 * Source: Cloud Run, "Authenticating service-to-service" and "Troubleshooting".
 */
export function createGuard(dependencies: GuardDependencies): Guard {
  const remembered = createRememberedCallers(dependencies.now);
  const log = createBoundedLog(dependencies.log);
  return (guarded) => async (request, response) => {
    const known = await identify(dependencies, remembered, request.headersDistinct.authorization ?? []);
    if ('proof' in known) return void (await guarded(request, response, known));
    const entry = { event: 'refused', refusal: known.refusal, path: request.path.slice(0, 100) };
    log(
      { severity: 'WARNING', message: `a caller was refused: ${known.detail}`, ...entry },
      traceOf(request),
    );
    refuse(response, known);
  };
}

async function identify(
  dependencies: GuardDependencies,
  remembered: RememberedCallers,
  values: readonly string[],
): Promise<Caller | Refusal> {
  const [value = ''] = values;
  const known = values.length === 1 ? remembered.find(value) : undefined;
  if (known !== undefined) return known;
  const token = readBearerToken(values);
  if ('refusal' in token) return token;
  if (token.isStripped) return judgeStripped(dependencies, token.claims);
  const refusal = await dependencies.verifySignature(token);
  if (refusal !== undefined) return refusal;
  const caller = judgeAccount(token.claims, dependencies.rules, 'signature');
  if ('proof' in caller) remembered.add(value, caller, Number(token.claims.exp) * SECOND_MS);
  return caller;
}

function judgeStripped({ acceptsStripped, rules, now }: GuardDependencies, claims: Claims): Caller | Refusal {
  if (!acceptsStripped) {
    return invalidToken('the token came without its signature: send it in X-Serverless-Authorization, too');
  }
  return judgeUnsigned(claims, rules, now()) ?? judgeAccount(claims, rules, 'claims');
}

function refuse(response: Response, { refusal, detail }: Refusal): void {
  const status = STATUSES[refusal];
  if (status === 401) response.set('WWW-Authenticate', challenge(refusal));
  if (status === 503) response.set('Retry-After', RETRY_SECONDS);
  sendProblem(response, status, detail);
}

/** Source: RFC 6750, section 3. */
function challenge(refusal: Refusal['refusal']): string {
  return refusal === 'no-token' ? 'Bearer' : 'Bearer error="invalid_token"';
}
