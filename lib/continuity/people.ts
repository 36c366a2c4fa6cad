import type { ReadContract } from "../contract/contract.ts";
import { judgeApprover, type ReadApproval } from "../proof/approval.ts";
import { pointer, type Refusal, refuse, refuseUntil } from "../refusal.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import { approvals as approvalsMissing } from "../unlock.ts";
import type { ReadBlock, ReadLater } from "./block.ts";
import { type Chain, stepsOf } from "./chain.ts";
import { type Delegated, delegationStatementDigest, type Resolved } from "./statement.ts";

/** By what the approvals of a delegation are judged. */
export interface Asking {
  readonly contract: ReadContract;
  /** The issuer of the contract's decision. */
  readonly decider: string;
  /** As it counts now, without revoked keys: who is no approver any more has approved nothing. */
  readonly policy: TrustPolicy;
  /** Agents of the chain, whoever is designated included: nobody approves what they will do. */
  readonly agents: readonly string[];
}

/** How many people must approve each block: as many as the class asks of the contract's kind of actor, or of agents. */
export function approvalsOfBlock(
  { claims: { risk, actor } }: Pick<ReadContract, "claims">,
  { governance }: Pick<TrustPolicy, "governance">,
): number {
  const { approvals, approvalFor } = governance[risk];
  const isAsked =
    approvalFor === undefined || approvalFor.includes(actor.kind) || approvalFor.includes("agent");
  return isAsked ? approvals : 0;
}

/** A delegation that people are asked about: what it says, and when it was, or is now, granted; seconds. */
interface Approvable {
  readonly delegated: Delegated;
  readonly resolved: Resolved;
  readonly at: number;
  readonly approvals: readonly ReadApproval[];
}

const invalid = (detail: string, at: string): Refusal =>
  refuse("APPROVAL_SIGNATURE_INVALID", detail, at);

/**
 * Whether enough people of different names approved this very delegation, none of whom has a part in it, each for at
 * least as long as the block lasts (POC-34). `place` is where the approvals stand.
 */
export function judgeDelegationApprovals(
  { delegated, resolved, at, approvals }: Approvable,
  by: Asking,
  place: string,
): Refusal | undefined {
  const needed = approvalsOfBlock(by.contract, by.policy);
  if (needed === 0) return undefined;
  const statement = delegationStatementDigest(delegated, resolved);
  const names = new Set<string>();
  for (const [index, approval] of approvals.entries()) {
    const where = pointer(place, [index]);
    const problem =
      judgeApprover(approval, { policy: by.policy, now: at }, where) ??
      judgeSaid(approval, { statement, delegated, at }, where) ??
      judgePart(approval, by, where);
    if (problem !== undefined) return problem;
    names.add(approval.claims.iss);
  }
  return names.size >= needed
    ? undefined
    : refuseUntil(
        [approvalsMissing(needed, names.size)],
        "HUMAN_SIGNATURE_MISSING",
        `a block of class ${by.contract.claims.risk} needs ${needed} approvals, ${names.size} count`,
        place,
      );
}

function judgeSaid(
  { claims }: ReadApproval,
  said: { readonly statement: string; readonly delegated: Delegated; readonly at: number },
  where: string,
): Refusal | undefined {
  if (claims.step !== undefined) return invalid("is of the gate of a step", `${where}/step`);
  if (claims.contractDigest !== said.delegated.contractDigest) {
    return invalid(`is of contract ${claims.contractDigest}`, `${where}/contractDigest`);
  }
  if (claims.statementDigest !== said.statement) {
    return invalid("is not the statement of this delegation", `${where}/statementDigest`);
  }
  return said.at < claims.exp && said.delegated.exp <= claims.exp
    ? undefined
    : invalid("ends before the block does", `${where}/exp`);
}

function judgePart(
  { claims: { iss } }: ReadApproval,
  { contract: { claims }, decider, agents }: Asking,
  where: string,
): Refusal | undefined {
  return [claims.iss, claims.actor.id, decider, ...agents].includes(iss)
    ? refuse("SELF_APPROVAL_FORBIDDEN", `"${iss}" has a part in what is approved`, `${where}/iss`)
    : undefined;
}

/** Every block but the root carries the approvals that its class asks for; one approval serves one block. */
export function judgeChainApprovals(chain: Chain, by: Omit<Asking, "agents">): Refusal | undefined {
  if (approvalsOfBlock(by.contract, by.policy) === 0) return undefined;
  const agents = chain.blocks.map(({ claims }) => claims.agent);
  const used = new Set<string>();
  for (const { block, parent, at } of stepsOf(chain)) {
    const place = `${at}/approvals`;
    for (const [index, { claims }] of block.approvals.entries()) {
      const name = JSON.stringify([claims.iss, claims.jti]);
      if (used.has(name)) return invalid("serves another block", pointer(place, [index]));
      used.add(name);
    }
    const approvable = {
      ...{ delegated: delegatedIn(block), resolved: resolvedIn(block, parent) },
      ...{ at: block.claims.iat, approvals: block.approvals },
    };
    const problem = judgeDelegationApprovals(approvable, { ...by, agents }, place);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** What a block says, as the request said it that it was signed for. */
export const delegatedIn = ({ claims }: ReadLater): Delegated => ({
  contractDigest: claims.contractDigest,
  aud: claims.iss,
  audience: claims.aud,
  authorization_details: claims.authorization_details,
  deliveries: claims.deliveries,
  exp: claims.exp,
  delegation: claims.delegation,
  retain: claims.retain,
});

const executorOf = ({ claims }: ReadBlock) => ({ agent: claims.agent, jkt: claims.cnf.jkt });

/** Between whom a block stands; a root has no digest yet when people are asked. */
export const resolvedIn = (block: ReadLater, parent: ReadBlock): Resolved => ({
  parent: parent.claims.depth === 0 ? null : parent.digest,
  from: executorOf(parent),
  to: executorOf(block),
});
