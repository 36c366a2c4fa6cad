import { toInstant, toSeconds } from "../../clock.ts";
import { intentChain, REGISTRY_CHAIN } from "../../evidence/chain.ts";
import { type ContractView, contractView } from "../../evidence/intent-state.ts";
import type { Use } from "../../lifecycle/break-glass.ts";
import {
  judgeAudience,
  judgeAuditor,
  judgeCosign,
  judgeFreshness,
  type ReadCommand,
  readCommand,
} from "../../lifecycle/command.ts";
import type { Reviewing } from "../../lifecycle/restrict.ts";
import { readApproval } from "../../proof/approval.ts";
import { isRefusal, pointer, type Refusal, refuse, refuseUntil } from "../../refusal.ts";
import { closedUnder, withReview } from "../../trust/restrictions.ts";
import { retryAfter } from "../../unlock.ts";
import type { GovernDeps } from "../deps.ts";
import { type Failure, isFailure, type Judgement } from "../judgement.ts";
import { type Intent, readIntent } from "../read/intent.ts";
import { type OpenUse, openUses } from "../read/open-uses.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";
import { type Order, point, stage } from "../stage.ts";
import { holdingTrust } from "./bound.ts";
import { changeRestrictions } from "./change-restrictions.ts";
import { type CommandAnswer, type Members, malformed } from "./command.ts";

type Judging = Judgement<GovernDeps>;

const isReview = (command: ReadCommand): command is ReadCommand<Reviewing> =>
  command.claims.do === "reviewBreakGlass";

/** Whether the members of `command` are a review's; what cannot be read is no review. */
export function holdsReview({ command: compact }: Members): boolean {
  const command = readCommand(compact);
  return !isRefusal(command) && isReview(command);
}

const FORM = stage<{ readonly members: Members }, Judging>("parse")
  .take("commandForm", ({ members: { command: compact, cosign, ...others } }) => {
    const [foreign] = Object.keys(others);
    if (foreign !== undefined)
      return malformed("is not a member of this command", pointer("", [foreign]));
    const command = readCommand(compact);
    if (isRefusal(command)) return command;
    return isReview(command)
      ? { command, cosign }
      : malformed(`${command.claims.do} is no review`, "/command/do");
  })
  .check("commandAudience", ({ command }, { deps }) => judgeAudience(command, deps.plane));

interface Asked {
  readonly command: ReadCommand<Reviewing>;
  readonly cosign: unknown;
}

const TRUST = stage<Asked, Judging>("contract").look("commandTrust", (_, judgement) =>
  holdingTrust(judgement),
);

const SPOKEN = stage<Asked & { readonly trust: TrustSnapshot }, Judging>("contract")
  .check("auditor", ({ command, trust }) => judgeAuditor(command, trust.policy))
  .check("cosignature", ({ command, cosign, trust }) => judgeCosign(command, cosign, trust.policy));

/** The use, who may speak of it, and whether there is nothing left to come of it. */
const REVIEWABLE = point("contract", "reviewable");

export const REVIEW_ORDER: Order = [FORM, TRUST, SPOKEN, REVIEWABLE];

/**
 * Closes the review of the use under break-glass that is open (PROTOCOL.md §10, `reviewBreakGlass`): from then on its policy
 * may be used once more. One name is enough, and it is nobody's who had a part in the use.
 */
export async function review(
  judgement: Judging,
  members: Members,
): Promise<CommandAnswer | Failure> {
  const formed = judgement.judge(FORM, { members });
  if (isFailure(formed)) return formed;
  const informed = await judgement.ask(TRUST, formed);
  if (isFailure(informed)) return informed;
  const spoken = judgement.judge(SPOKEN, informed);
  if (isFailure(spoken)) return spoken;
  judgement.reach(REVIEWABLE);
  const { command, trust } = spoken;
  const found = await openUse(judgement, command, trust);
  const problem = isRefusal(found) ? found : await judgeReview(judgement, command, found, trust);
  const changed = await changeRestrictions(
    judgement,
    { command, cosign: undefined },
    ({ restrictions }) => {
      const stale = judgeFreshness(command, toSeconds(judgement.now));
      if (stale !== undefined) return stale;
      if (problem !== undefined) return problem;
      if (isRefusal(found)) return found;
      // Somebody else's review came in between: the place that was looked at is closed.
      return closedUnder(restrictions, found.policy) === found.closed
        ? { restrictions: withReview(restrictions, found.policy) }
        : unknownUse(command);
    },
  );
  if (isRefusal(changed)) return judgement.fail(changed);
  return {
    ...{ ok: true, deduplicated: changed.isKnown, state: "REVIEWED", inFlight: 0 },
    points: [],
    evidence: { chainId: REGISTRY_CHAIN, seq: changed.seq },
  };
}

const unknownUse = ({ claims }: ReadCommand<Reviewing>): Refusal =>
  refuse(
    "CONTRACT_UNKNOWN",
    `no use under ${claims.contractDigest} waits for its review`,
    "/command/contractDigest",
  );

async function openUse(
  { deps }: Judging,
  command: ReadCommand<Reviewing>,
  trust: TrustSnapshot,
): Promise<OpenUse | Refusal> {
  const { contractDigest } = command.claims;
  const { uses } = await openUses(deps, trust);
  return uses.find(({ contract }) => contract.digest === contractDigest) ?? unknownUse(command);
}

async function judgeReview(
  { deps, now }: Judging,
  { claims: { iss } }: ReadCommand<Reviewing>,
  { contract }: OpenUse,
  trust: TrustSnapshot,
): Promise<Refusal | undefined> {
  const chainId = intentChain(contract.claims.intent.id);
  const breakGlass = contract.claims.breakGlass?.policy;
  const intent = await readIntent(deps, chainId, trust, { breakGlass });
  if (isRefusal(intent)) return intent;
  const view = contractView(intent.state, contract.digest);
  const parties = [contract.claims.iss, ...approversOf(view, trust)];
  if (parties.includes(iss)) {
    return refuse(
      "SELF_APPROVAL_FORBIDDEN",
      `"${iss}" has a part in what is reviewed`,
      "/command/iss",
    );
  }
  // What stands in the spool alone is stored while somebody still looks for it there.
  if (intent.spool !== undefined && intent.spool.behind.length > 0) {
    return refuseUntil(
      [retryAfter(SWEEP)],
      "REVOCATION_PENDING",
      "its evidence is not stored yet",
      "/command/contractDigest",
    );
  }
  return judgeOver(intent, contract, toSeconds(now));
}

/** Who approved it, or opened a gate of it; of a use of which no issuance is on record anybody could have. */
function approversOf(
  { uses, approved, gateApprovals }: ContractView,
  { published }: TrustSnapshot,
): string[] {
  if (uses.size === 0) return published.approvers.map(({ name }) => name);
  return [...approved, ...gateApprovals].flatMap((compact) => {
    const read = readApproval(compact, "");
    return isRefusal(read) ? [] : [read.claims.iss];
  });
}

/** Seconds between two runs of `sweep`. */
const SWEEP = 60;

/** What was issued has its terminal records; where nothing was, nothing can be any more. `now` in seconds. */
function judgeOver(
  { state }: Intent,
  { digest, claims: { exp } }: Use["contract"],
  now: number,
): Refusal | undefined {
  const pending = (after: number, why: string): Refusal =>
    refuseUntil([retryAfter(after)], "REVOCATION_PENDING", why, "/command/contractDigest");
  const own = [...state.identities.values()].filter(
    ({ contractDigest }) => contractDigest === digest,
  );
  const open = own.find(({ end }) => end === undefined);
  if (open !== undefined) return pending(SWEEP, `identity ${open.identityId} is still open`);
  return own.length > 0 || now >= exp
    ? undefined
    : pending(exp - now, `it may still be used, until ${toInstant(exp * 1000)}`);
}
