import type { Chain } from "../../continuity/chain.ts";
import type { Digest } from "../../encoding/digest.ts";
import { present } from "../../encoding/present.ts";
import type { IdentityView } from "../../evidence/intent-state.ts";
import type { About } from "../../evidence/record.ts";
import type { HandleFacts } from "../../issuance/handle.ts";

type Continuity = NonNullable<About["continuity"]>;

/** A chain as records and answers tell it: nothing of it but digests, by which each block is found (PROTOCOL.md §5). */
const continuityOf = (blocks: readonly Digest[]): Continuity => ({
  depth: blocks.length - 1,
  blocks,
});

/** What is known of whoever acts once their chain is verified: they are the actor, not the contract's. */
export function aboutChain(chain: Chain | undefined): About {
  if (chain === undefined) return {};
  const { agent, cnf } = chain.last.claims;
  return {
    continuity: continuityOf(chain.blocks.map(({ digest }) => digest)),
    actor: { id: agent, kind: "agent", jkt: cnf.jkt },
  };
}

/** The chain that an identity was issued under; absent: none. */
export const continuityOfIdentity = ({
  blocks,
}: Pick<IdentityView, "blocks">): { readonly continuity?: Continuity } =>
  blocks === undefined ? {} : { continuity: continuityOf(blocks) };

/** What the handle of an identity says. */
export const factsOf = (identity: IdentityView, intentId: string): HandleFacts => ({
  ...identity,
  ...present({ chainDigest: identity.blocks?.at(-1) }),
  intentId,
});
