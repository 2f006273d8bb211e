import {
  createGoogleCredentials,
  KUBERNETES_SCOPES,
} from '../../../shared/adapters/rest/google-credentials.ts';

/**
 * Asks for credentials as often as told, in an environment of its own, and prints what came.
 * Arguments: `--together`, or one `keep` or `renew` for each call.
 */
const TIMEOUT_MS = 500;

const authorize = createGoogleCredentials({
  scopes: KUBERNETES_SCOPES,
  projectId: 'test-project',
  timeoutMs: TIMEOUT_MS,
});

async function ask(renew: boolean): Promise<string> {
  try {
    return JSON.stringify(await authorize({ renew }));
  } catch (error) {
    return String(error);
  }
}

const calls = process.argv.slice(2);
const answers: string[] = [];
if (calls[0] === '--together') answers.push(...(await Promise.all([1, 2, 3].map(() => ask(false)))));
else for (const call of calls) answers.push(await ask(call === 'renew'));
console.log(JSON.stringify(answers));
process.exit(); // a fetch that hangs has no limit of its own: it would keep the process alive
