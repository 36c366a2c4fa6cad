import type { PlayStage } from "./stage.ts";

/** The line of a call that is made without `vai`. */
export const bySdk = (user: string, call: string): string => `# by SDK as ${user}: ${call}`;

/** How an SDK call ended: "allowed", or the error's name as AWS gives it. */
export async function outcomeOf(
  call: Promise<unknown>,
): Promise<{ seen: string; detail?: string }> {
  try {
    await call;
    return { seen: "allowed" };
  } catch (error) {
    const { name, message } = error as Error;
    // A fault of the connection is no answer.
    if (!("$fault" in (error as object))) throw error;
    return { seen: name, detail: message };
  }
}

/** A call that AWS judges by itself: none of our code is involved. */
export interface Judged {
  readonly id: string;
  readonly title: string;
  readonly who: string;
  readonly what: string;
  readonly expected: string;
  readonly call: () => Promise<unknown>;
}

/** Makes the call and shows how AWS ended it. */
export function judged(
  { step }: PlayStage,
  { id, title, who, what, expected, call }: Judged,
): Promise<void> {
  const run = async () => ({ ...(await outcomeOf(call())), value: undefined });
  return step({ id, title, command: bySdk(who, what), expected, run });
}
