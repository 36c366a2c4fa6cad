import type { Assumption } from "../../contract/assumption.ts";
import type { Contract } from "../../contract/contract.ts";
import { judgeArnPlace } from "../../contract/judge.ts";
import { pointer, type Refusal, refuse } from "../../refusal.ts";
import type { TrustPolicy } from "../../trust/policy.ts";
import type { IssueDeps } from "../deps.ts";
import { readerRoleOf } from "./context.ts";

/**
 * Whether each assumption can be read at all: a read of the catalogue, in a family that governance has opened, of a
 * resource of that read in the contract's own place, with the parameters that it takes. Judged before anything is
 * issued: an assumption that can never be read would be a contract that can never be used.
 */
export function judgeAssumptions(
  contract: Contract,
  readOf: IssueDeps["readOf"],
  policy: TrustPolicy,
): Refusal | undefined {
  for (const [index, assumption] of (contract.assumptions ?? []).entries()) {
    const refusal = judgeOne(contract, assumption, ["assumptions", index], readOf, policy);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function judgeOne(
  contract: Contract,
  assumption: Assumption,
  place: readonly PropertyKey[],
  readOf: IssueDeps["readOf"],
  policy: TrustPolicy,
): Refusal | undefined {
  const at = (...path: PropertyKey[]): string => pointer("/contract", [...place, ...path]);
  const read = readOf(assumption.read);
  if (read === undefined || readerRoleOf(policy, read.family) === undefined) {
    const detail = `${assumption.read} is not a read that this trust plane makes`;
    return refuse("ACTION_UNREGISTERED", detail, at("read"));
  }
  if (!mayLook(policy, contract.iss, read.family)) {
    const detail = `issuer "${contract.iss}" may grant nothing in ${read.family}, so it may not look there`;
    return refuse("CONTRACT_ISSUER_UNTRUSTED", detail, at("read"));
  }
  const elsewhere = judgeArnPlace(assumption.resource, contract, at("resource"));
  if (elsewhere !== undefined) return elsewhere;
  if (!read.target.pattern.test(assumption.resource)) {
    const detail = `${assumption.read} reads a resource such as ${read.target.example}`;
    return refuse("CONTRACT_MALFORMED", detail, at("resource"));
  }
  const problem = read.problemOf(assumption);
  return (
    problem && refuse("CONTRACT_MALFORMED", problem.detail, at("parameters", problem.parameter))
  );
}

/** Whoever may grant no action of a family would otherwise learn by refusals what stands in its targets. */
const mayLook = ({ issuers }: TrustPolicy, issuer: string, family: string): boolean =>
  issuers
    .find(({ name }) => name === issuer)
    ?.actions.some((action) => action.startsWith(`${family}:`)) === true;
