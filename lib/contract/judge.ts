import { toInstant } from "../clock.ts";
import type { PlaneId } from "../config.ts";
import { verifyJws } from "../encoding/jws.ts";
import { isAtLeast } from "../encoding/members.ts";
import { pointer, type Refusal, refuse, refuseUntil } from "../refusal.ts";
import {
  type GovernedAction,
  isObserved,
  maxDepthOf,
  partyKey,
  type TrustPolicy,
} from "../trust/policy.ts";
import { breakGlassPolicyOf } from "./break-glass.ts";
import type { Contract, ReadContract } from "./contract.ts";
import { delegationOf } from "./delegation.ts";

const untrusted = (why: string, where: string): Refusal =>
  refuse("CONTRACT_ISSUER_UNTRUSTED", why, `/contract/${where}`);

const issuerOf = ({ claims }: ReadContract, policy: TrustPolicy) =>
  policy.issuers.find(({ name }) => name === claims.iss);

/**
 * Whether governance said this: the issuer by name and key, then its signature (PROTOCOL.md §4 stage `contract`).
 * An agent that signs its own contract ends here (ADV-01, VAI-40).
 */
export function judgeIssuer(contract: ReadContract, policy: TrustPolicy): Refusal | undefined {
  const { claims, jws } = contract;
  const issuer = issuerOf(contract, policy);
  if (issuer === undefined) {
    return untrusted(`"${claims.iss}" is not an issuer of the trust policy`, "iss");
  }
  const key = partyKey(issuer, jws.header.kid);
  if (key === undefined) {
    return untrusted(`${jws.header.kid} is not a key of issuer "${claims.iss}"`, "iss");
  }
  return verifyJws(jws, key)
    ? undefined
    : refuse("CONTRACT_SIGNATURE_INVALID", "the contract's signature does not verify", "/contract");
}

/** Whether the issuer may grant that: its `actions` and `maxRisk`. Judged on claims that it has signed. */
export function judgeIssuerScope(contract: ReadContract, policy: TrustPolicy): Refusal | undefined {
  const { claims } = contract;
  const issuer = issuerOf(contract, policy);
  if (issuer === undefined) return untrusted(`"${claims.iss}" is not an issuer`, "iss");
  for (const [index, { actions }] of claims.authorization_details.entries()) {
    const foreign = actions.findIndex((action) => !issuer.actions.includes(action));
    if (foreign >= 0) {
      const where = `authorization_details/${index}/actions/${foreign}`;
      return untrusted(`issuer "${claims.iss}" may not grant ${actions[foreign]}`, where);
    }
  }
  return isAtLeast(issuer.maxRisk, claims.risk)
    ? undefined
    : untrusted(`issuer "${claims.iss}" may grant at most ${issuer.maxRisk}`, "risk");
}

/** Whether the contract is for this plane, and every ARN in it agrees with its partition, account and region. */
export function judgePlace(contract: Contract, plane: PlaneId): Refusal | undefined {
  if (contract.aud !== plane.id) {
    return refuse(
      "AUDIENCE_MISMATCH",
      `the contract is for ${contract.aud}, this plane is ${plane.id}`,
      "/contract/aud",
    );
  }
  if (contract.account !== plane.account) {
    return refuse(
      "ACCOUNT_MISMATCH",
      `this plane acts in account ${plane.account}`,
      "/contract/account",
    );
  }
  if (contract.region !== plane.region) {
    return refuse(
      "REGION_MISMATCH",
      `this plane acts in region ${plane.region}`,
      "/contract/region",
    );
  }
  for (const [index, { resources }] of contract.authorization_details.entries()) {
    for (const [position, arn] of resources.entries()) {
      const problem = judgeArnPlace(arn, contract, "");
      if (problem === undefined) continue;
      const path = ["authorization_details", index, "resources", position];
      return { ...problem, pointer: pointer("/contract", path) };
    }
  }
  return undefined;
}

/** An ARN's partition, account and region against the contract's; an empty part is one the ARN does not carry. */
export function judgeArnPlace(arn: string, contract: Contract, where: string): Refusal | undefined {
  const [, partition, , region, account] = arn.split(":");
  if (partition !== (contract.partition ?? "aws")) {
    return refuse(
      "ACCOUNT_MISMATCH",
      `${arn} is not in partition ${contract.partition ?? "aws"}`,
      where,
    );
  }
  if (region !== "" && region !== contract.region) {
    return refuse("REGION_MISMATCH", `${arn} is not in region ${contract.region}`, where);
  }
  if (account !== "" && account !== contract.account) {
    return refuse("ACCOUNT_MISMATCH", `${arn} is not in account ${contract.account}`, where);
  }
  return undefined;
}

/** Every action is opted in by the trust policy, or the first that is not (VAI-146). */
export function judgeRegistered(
  contract: Contract,
  isKnown: (action: string) => boolean,
  policy: TrustPolicy,
): Refusal | undefined {
  for (const [index, { actions }] of contract.authorization_details.entries()) {
    for (const [position, action] of actions.entries()) {
      if (isKnown(action) && governedAction(policy, action) !== undefined) continue;
      const where = pointer("/contract", ["authorization_details", index, "actions", position]);
      return refuse("ACTION_UNREGISTERED", `${action} is not governed by this plane`, where);
    }
  }
  return undefined;
}

/**
 * A rollback is done when it is due, or nothing is begun that it was promised for: a step of which an action is only
 * observed undoes nothing. Not `ACTION_OBSERVED`, whose answer tells what enforcing would have said of a whole request.
 */
export function judgeUndoable(contract: Contract, policy: TrustPolicy): Refusal | undefined {
  const { authorization_details: steps, rollback } = contract;
  const index = steps.findIndex(({ id }) => id === rollback?.step);
  const actions = steps[index]?.actions ?? [];
  const position = actions.findIndex((action) => isObserved(governedAction(policy, action)));
  return position < 0
    ? undefined
    : refuse(
        "ACTION_UNREGISTERED",
        `${actions[position]} is only observed by this plane, so no rollback could do it`,
        pointer("/contract", ["authorization_details", index, "actions", position]),
      );
}

export const governedAction = (policy: TrustPolicy, action: string): GovernedAction | undefined =>
  policy.actions.find((each) => each.action === action);

/**
 * The class is not below that of any action (VAI-38), and neither the depth to which authority may be handed on (POC-21) nor
 * the window (VAI-18) is more than the class's.
 */
export function judgeClass(contract: Contract, policy: TrustPolicy): Refusal | undefined {
  for (const { actions } of contract.authorization_details) {
    for (const action of actions) {
      const floor = governedAction(policy, action)?.risk ?? "CRITICAL";
      if (!isAtLeast(contract.risk, floor)) {
        const detail = `${action} is ${floor}; the contract says ${contract.risk}`;
        return refuse("RISK_CLASS_UNDERSTATED", detail, "/contract/risk");
      }
    }
  }
  const [depth, deepest] = [delegationOf(contract).maxDepth, maxDepthOf(policy, contract.risk)];
  if (depth > deepest) {
    const detail = `a chain of class ${contract.risk} may have depth ${deepest}, not ${depth}`;
    return refuse("CHAIN_TOO_DEEP", detail, "/contract/delegation/maxDepth");
  }
  const maxSeconds = longestLife(contract, policy);
  const seconds = contract.exp - contract.nbf;
  return seconds <= maxSeconds
    ? undefined
    : refuse(
        "TTL_EXCEEDED",
        `a ${contract.risk} contract ${contract.breakGlass === undefined ? "" : "of this emergency "}may last ${maxSeconds} s, not ${seconds} s`,
        "/contract/exp",
      );
}

/** Seconds that a contract, and an identity under it, may last: those of its class, or of the emergency that it names. */
export const longestLife = (contract: Contract, policy: TrustPolicy): number =>
  (breakGlassPolicyOf(contract, policy) ?? policy.governance[contract.risk]).maxSeconds;

/** Half-open: valid when `nbf` ≤ now < `exp`, by server time in seconds (PROTOCOL.md §1). */
export function judgeWindow(contract: Contract, now: number): Refusal | undefined {
  if (now < contract.nbf) {
    const at = toInstant(contract.nbf * 1000);
    return refuseUntil(
      [{ kind: "time", at }],
      "CONTRACT_NOT_YET_VALID",
      `the contract begins at ${at}`,
      "/contract/nbf",
    );
  }
  return now < contract.exp
    ? undefined
    : refuse(
        "CONTRACT_EXPIRED",
        `the contract ended at ${toInstant(contract.exp * 1000)}`,
        "/contract/exp",
      );
}
