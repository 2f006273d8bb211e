import { messageOf } from '../core/message-of.ts';

/** Does what nothing hangs on. Never rejects: what went wrong comes back as a sentence that begins with `complaint`. */
export async function tryOrSay(complaint: string, work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return `${complaint}: ${messageOf(error)}`;
  }
}
