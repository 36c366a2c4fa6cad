import type { IdentityAnswers } from "./answers.ts";
import { parseJson } from "./parse-json.ts";
import { inside } from "./plain-text.ts";
import type { Export } from "./read-export.ts";
import type { Integrity, Trace } from "./trace.ts";

/** What evidence answers about one identity (VAI-128), and how that evidence was judged. */
export interface IdentityStory extends IdentityAnswers {
  readonly identityId: string;
  readonly intentId: string | null;
  readonly chainId: string;
  readonly integrity: Integrity;
}

/** The story of one identity out of its chain's; `undefined` where no record that holds speaks of it. */
export function identityStory(
  { identities, intentId, chainId, integrity }: Trace,
  identityId: string,
): IdentityStory | undefined {
  const found = identities.find((each) => each.identityId === identityId);
  return found && { identityId, intentId, chainId, integrity, ...found.answers };
}

/**
 * Chains of an export that claim to speak of an identity. Nothing is believed by it: the chain that is picked is verified
 * before it is told.
 */
export async function chainsClaiming(
  { records }: Pick<Export, "records">,
  identityId: string,
): Promise<string[]> {
  const found = new Set<string>();
  for await (const line of records) {
    // Most lines are of other identities, and need no parsing to be known as such.
    if (line?.includes(identityId) !== true) continue;
    const record = parseJson(line);
    const chainId = inside(record, "chain", "id");
    if (inside(record, "identity", "id") === identityId && typeof chainId === "string") {
      found.add(chainId);
    }
  }
  return [...found];
}
