import { randomUUID } from "node:crypto";
import { inside } from "../../audit/plain-text.ts";
import { systemClock, toInstant, toSeconds } from "../../clock.ts";
import { designated } from "../../continuity/designate.ts";
import { heldUnder, judgeHandOn } from "../../continuity/hand-on.ts";
import { judgeSteps } from "../../continuity/judge.ts";
import { approvalsOfBlock, judgeDelegationApprovals } from "../../continuity/people.ts";
import { judgeRoot } from "../../continuity/root.ts";
import { judgeSignatures, keyOfPlane } from "../../continuity/signatures.ts";
import {
  type Delegated,
  delegationStatement,
  delegationStatementDigest,
  type Resolved,
} from "../../continuity/statement.ts";
import type { Digest } from "../../encoding/digest.ts";
import { signJws } from "../../encoding/jws.ts";
import { readApproval } from "../../proof/approval.ts";
import { readDecision } from "../../proof/proof.ts";
import { isRefusal, type Refusal } from "../../refusal.ts";
import type { DelegateRequest } from "../../request/request.ts";
import type { TrustPolicy } from "../../trust/policy.ts";
import type { Deployment } from "../deployment.ts";
import { requireNew, writeNew, writtenLine } from "../files.ts";
import { CommandError, EXIT, type ExitCode, type Io, report } from "../io.ts";
import { vaiLine } from "../self.ts";
import {
  type ApproveOptions,
  requireExpected,
  requireFit,
  roleOf,
  signLine,
  verifiedBy,
} from "../voice/approving.ts";
import { requireUsable } from "../voice/contract-meant.ts";
import { nameOf, speakerKey } from "../voice/speaker.ts";
import { type AskedFile, readAskedFile } from "./asked-file.ts";

/**
 * Shows the statement of a delegation that is to be, and signs exactly that. Between whom it is, is made here from what
 * the trust policy verifies, never taken from the file's word: people would approve another agent than they read of.
 * @throws {CommandError}.
 */
export async function approveDelegation(
  io: Io,
  deployment: Deployment,
  file: string,
  options: ApproveOptions,
): Promise<ExitCode> {
  requireOptions(options);
  const now = systemClock();
  const found = readAskedFile(file);
  requireUsable(found, deployment, toSeconds(now));
  const { policy, from } = await verifiedBy(io, deployment, options, now, found);
  requireFit(judgeWhole(found, policy, toSeconds(now)));
  const subject = subjectOf(found, policy);
  const { delegated, resolved } = subject;
  const statement = delegationStatementDigest(delegated, resolved);
  requireExpected(options, { statement, digest: found.contract.digest });
  const text = delegationStatement(delegated, resolved);
  requireShowable(text);
  // Printed before the key is even read: nothing is signed that nobody was shown.
  const isJson = options.json === true;
  const isShown = options.show === true;
  if (!isShown || !isJson) (isJson ? io.err : io.out)(text.trimEnd());
  const preface = [
    `statement  ${statement}`,
    `verified   contract, chain and designation, by the trust policy (${from})`,
  ];
  const said = { contractDigest: found.contract.digest, statementDigest: statement };
  if (isShown) {
    report(io, isJson, { ...said, statement: text }, [
      ...preface,
      "nothing was signed",
      `next       ${signLine(file, options, statement)}`,
    ]);
    return EXIT.done;
  }
  const approval = signedApproval(deployment, subject, statement, { policy, now, options });
  const { out } = options;
  if (out !== undefined) writeNew(out, `${JSON.stringify({ ...said, approval })}\n`);
  report(io, isJson, { ...said, approval }, [
    ...preface,
    `approved   until ${toInstant(delegated.exp * 1000)}, when the block ends`,
    out === undefined
      ? `approval   ${approval}`
      : `saved      ${writtenLine(out, false)}; it goes to whoever hands on`,
    `fill in    ${vaiLine("delegate", file, "--approval", out ?? "FILE", "--out", "FILE")}`,
  ]);
  return EXIT.done;
}

/** What a person who approves a delegation cannot say. @throws {CommandError}. */
function requireOptions({ step, out }: ApproveOptions): void {
  if (step !== undefined) {
    throw new CommandError(EXIT.unreadable, "--step is for a contract: a delegation has no gate");
  }
  if (out !== undefined) requireNew(out);
}

/** Everything that the plane will judge before it asks for people: what could not be handed on nobody approves. */
function judgeWhole(
  { contract, chain, asked }: AskedFile,
  policy: TrustPolicy,
  now: number,
): Refusal | undefined {
  const { aud: plane } = contract.claims;
  const held = heldUnder(contract.claims, chain);
  const claims = { ...asked, audience: plane } as DelegateRequest;
  return (
    (chain &&
      (judgeSignatures(chain, (block) => keyOfPlane(policy, block)) ??
        judgeRoot(chain.blocks[0].claims, contract.claims) ??
        judgeSteps(chain))) ??
    judgeHandOn(claims, { from: held, plane, bytes: 0, now })
  );
}

interface Subject extends AskedFile {
  readonly delegated: Delegated;
  readonly resolved: Resolved;
}

/** Between whom it is to be, and what it says. @throws {CommandError} where nobody can be meant, or nobody is asked. */
function subjectOf(found: AskedFile, policy: TrustPolicy): Subject {
  const { contract, chain, asked } = found;
  const { claims } = contract;
  if (approvalsOfBlock(contract, policy) === 0) {
    throw new CommandError(
      EXIT.no,
      `nothing was signed: for class ${claims.risk} governance asks nobody to approve a delegation`,
    );
  }
  const { labels } = heldUnder(claims, found.chain).delegation;
  const to = designated(asked.designate, { policy, anchors: [], labels });
  if (isRefusal(to)) {
    requireFit(to);
    throw new TypeError("a refusal is always told");
  }
  const last = chain?.last;
  const from =
    last === undefined
      ? { agent: claims.actor.id, jkt: claims.cnf.jkt }
      : { agent: last.claims.agent, jkt: last.claims.cnf.jkt };
  const parent = last === undefined || last.claims.depth === 0 ? null : last.digest;
  const { designate: _designate, ...said } = asked;
  const { aud } = claims;
  const delegated = { contractDigest: contract.digest, aud, audience: aud, ...said };
  return { ...found, delegated, resolved: { parent, from, to } };
}

/** A statement is printable ASCII by the way it is made; what is not would show otherwise than it is signed. */
function requireShowable(text: string): void {
  if (/^[ -~\n]*$/.test(text)) return;
  throw new CommandError(EXIT.no, "nothing was signed: the statement cannot be shown as it is");
}

interface Signing {
  readonly policy: TrustPolicy;
  readonly now: number;
  readonly options: ApproveOptions;
}

/** Signs the statement, and judges that as the plane will before anybody gets it. @throws {CommandError}. */
function signedApproval(
  deployment: Deployment,
  { contract, chain, proof, delegated, resolved }: Subject,
  statement: Digest,
  { policy, now, options }: Signing,
): string {
  const iss = nameOf(deployment, "approver", options.as);
  const iat = toSeconds(now);
  const claims = {
    ...{ iss, iat, exp: delegated.exp, jti: randomUUID() },
    ...{ contractDigest: contract.digest, statementDigest: statement },
    role: roleOf(iss, policy, options.role),
  };
  const approval = signJws("vai-approval+jwt", claims, speakerKey(deployment, "approver", options));
  const read = readApproval(approval, "/approval");
  if (isRefusal(read)) {
    requireFit(read);
    throw new TypeError("a refusal is always told");
  }
  const agents = [
    ...(chain?.blocks.map((block) => block.claims.agent) ?? []),
    ...[resolved.from.agent, resolved.to.agent],
  ];
  const judged = judgeDelegationApprovals(
    { delegated, resolved, at: iat, approvals: [read] },
    { contract, decider: deciderOf(proof, contract.claims.decision.digest), policy, agents },
    "/approvals",
  );
  // That others have yet to say yes is no reason not to.
  requireFit(judged?.code === "HUMAN_SIGNATURE_MISSING" ? undefined : judged);
  return approval;
}

/** Where the decision is at hand. */
function deciderOf(proof: unknown, digest: Digest): string {
  const decision = readDecision(inside(proof, "decision"), "/proof/decision");
  return !isRefusal(decision) && decision.digest === digest ? decision.claims.iss : "";
}
