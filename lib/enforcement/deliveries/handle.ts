import { present } from "../../encoding/present.ts";
import { intentIdOf } from "../../evidence/chain.ts";
import type { IdentityView } from "../../evidence/intent-state.ts";
import { handleClaims, signHandle } from "../../issuance/handle.ts";
import { requirePlaneSigner } from "../barriers/seal.ts";
import type { Memory, PlaneDeps } from "../deps.ts";
import { factsOf } from "../read/continuity.ts";
import type { Intent } from "../read/intent.ts";
import { issuedDetail } from "../records/issuance.ts";
import type { Grant } from "../stages/authority.ts";
import type { VerifiedRequest } from "../verified.ts";

/** The handle of a grant; nothing for another delivery. It is worth nothing before its grant is durable. */
export async function handleOf(
  deps: PlaneDeps,
  request: VerifiedRequest,
  grant: Grant,
): Promise<string | undefined> {
  if (grant.delivery !== "handle") return undefined;
  const { plane, planeSigner, memory } = deps;
  await requirePlaneSigner(deps, request.trust.policy, { from: grant.issuedAt });
  const { claims, digest: contractDigest } = request.contract;
  const { identityId } = grant;
  const issued = issuedDetail(request, grant, 0);
  const chainDigest = request.chain?.last.digest;
  const facts = {
    ...{ ...issued, identityId, intentId: claims.intent.id, contractDigest },
    ...present({ chainDigest }),
  };
  return remembered(memory, await signHandle(handleClaims(plane.id, facts), planeSigner), facts);
}

/** A handle is made again with the same claims: whoever lost the answer has lost nothing (PROTOCOL.md §4 stage 5). */
export async function handleAgain(
  { plane, planeSigner, memory }: PlaneDeps,
  intent: Intent,
  identity: IdentityView,
): Promise<string | undefined> {
  if (identity.delivery !== "handle" || identity.end?.refusal !== undefined) return undefined;
  const known = memory.handles?.get(identity.identityId);
  if (known !== undefined) return known;
  const facts = factsOf(identity, intentIdOf(intent.chainId));
  return remembered(memory, await signHandle(handleClaims(plane.id, facts), planeSigner), facts);
}

/** Handles that a process remembers. */
const REMEMBERED = 256;

/** Keeps a handle, and forgets the oldest when there are too many. */
function remembered(
  { handles }: Memory,
  handle: string,
  { identityId }: { readonly identityId: string },
): string {
  handles?.set(identityId, handle);
  const [oldest] = handles?.keys() ?? [];
  if (handles !== undefined && handles.size > REMEMBERED && oldest !== undefined) {
    handles.delete(oldest);
  }
  return handle;
}
