import { readContract } from "../../../lib/contract/contract.ts";
import { canonicalize } from "../../../lib/encoding/canonical-json.ts";
import { statementDigest } from "../../../lib/proof/statement.ts";
import { isRefusal } from "../../../lib/refusal.ts";
import type { KeyName } from "../../support/keys.ts";
import {
  APPROVERS,
  approval as approvalOf,
  attestation as attestationOf,
  EVALUATORS,
} from "../../support/people.ts";
import type { Dice } from "../dice.ts";
import type { Ground } from "../ground.ts";
import { mutatedValue } from "../mutations.ts";
import { firstUnmet, plainJws } from "../plain.ts";
import { claimsOf, mutatedSigned, type Signed } from "../signed.ts";
import type { Asked, Subject } from "./subject.ts";

/** Who speaks for which name, and as what (test/support/trust.ts). */
const EVALUATING: Readonly<Partial<Record<KeyName, readonly [name: string, own: string]>>> =
  Object.fromEntries(
    Object.entries(EVALUATORS).map(([name, { key, class: own }]) => [key, [name, own]]),
  );
const APPROVING: Readonly<Partial<Record<KeyName, readonly [name: string, roles: string[]]>>> = {
  approver: ["ada", ["sre-lead"]],
  otherApprover: ["bea", ["sre-lead", "incident-commander"]],
};

/** Half of all name the contract that waits; the others anything. */
const named = ({ waiting, others }: Ground, dice: Dice): unknown => {
  if (!dice.hits(8)) return waiting.contractDigest;
  return dice.hits(2) ? mutatedValue(waiting.contractDigest, dice) : dice.pick(others.values);
};

const keysOf = (claims: object, known: readonly string[]): boolean =>
  canonicalize(Object.keys(claims).sort()) === canonicalize([...known].sort());

const isShortList = (value: unknown): boolean =>
  Array.isArray(value) && value.length <= 16 && value.every((each) => typeof each === "string");

const SPOKEN = ["class", "iat", "iss", "jti", "objections", "obligations", "verdict"];

export const attestation: Subject = {
  about: "attestations to govern: what counts was said by an evaluator in its own class",
  ask(ground, dice): Asked {
    const name = dice.pick(Object.keys(EVALUATORS) as (keyof typeof EVALUATORS)[]);
    const verdict = dice.pick(["approve", "reject", "abstain"]);
    const change = { set: { "/verdict": verdict, "/objections": ["it is odd"] } };
    const claims = claimsOf(attestationOf(ground.plane, ground.waiting, name, change));
    const good: Signed = { typ: "vai-attestation+jwt", claims, signer: EVALUATORS[name].key };
    const mutant = mutatedSigned(good, dice, ground.others);
    const contractDigest = named(ground, dice);
    return {
      to: "govern",
      event: { op: "attest", contractDigest, attestation: mutant },
      undeserved: () => undeservedAttestation(ground, contractDigest, mutant),
    };
  },
};

/** Once more, by hand (PROTOCOL.md §3). Nothing here has an obligation that waits for an event. */
function undeservedAttestation(
  { plane, waiting }: Ground,
  contractDigest: unknown,
  compact: unknown,
): string | undefined {
  const signers = Object.keys(EVALUATING) as KeyName[];
  const read = plainJws(compact, "vai-attestation+jwt", signers);
  if (read === undefined) return "no evaluator has signed it";
  const { claims, signer } = read;
  const [name, own] = EVALUATING[signer] ?? [];
  return firstUnmet({
    "it names the contract that waits": contractDigest === waiting.contractDigest,
    "it has these members": keysOf(claims, [...SPOKEN, "decisionDigest"]),
    "its signer is who it says": claims["iss"] === name,
    "it is of its own class": claims["class"] === own,
    "it is of this decision":
      claims["decisionDigest"] === contractOf(waiting).claims.decision.digest,
    "it is a verdict": ["approve", "reject", "abstain"].includes(String(claims["verdict"])),
    "it is not ahead": Number(claims["iat"]) <= Math.floor(plane.world.now / 1000) + 60,
    "its lists are short": isShortList(claims["objections"]) && isShortList(claims["obligations"]),
  });
}

export const approval: Subject = {
  about: "approvals to govern: what counts was said by an approver of this very statement",
  ask(ground, dice): Asked {
    const name = dice.pick(Object.keys(APPROVERS) as (keyof typeof APPROVERS)[]);
    const step = dice.hits(2) ? { step: "shift" } : {};
    const claims = claimsOf(approvalOf(ground.plane, ground.waiting, name, step));
    const good: Signed = { typ: "vai-approval+jwt", claims, signer: APPROVERS[name].key };
    const mutant = mutatedSigned(good, dice, ground.others);
    const contractDigest = named(ground, dice);
    return {
      to: "govern",
      event: { op: "approve", contractDigest, approval: mutant },
      undeserved: () => undeservedApproval(ground, contractDigest, mutant),
    };
  },
};

const SIGNED = ["contractDigest", "exp", "iat", "iss", "jti", "role", "statementDigest"];

function undeservedApproval(
  { plane, waiting }: Ground,
  contractDigest: unknown,
  compact: unknown,
): string | undefined {
  const signers = Object.keys(APPROVING) as KeyName[];
  const read = plainJws(compact, "vai-approval+jwt", signers);
  if (read === undefined) return "no approver has signed it";
  const { claims, signer } = read;
  const [name, roles = []] = APPROVING[signer] ?? [];
  const now = Math.floor(plane.world.now / 1000);
  const [iat, exp] = [Number(claims["iat"]), Number(claims["exp"])];
  const step = claims["step"];
  const isKnown = step === undefined || step === "shift";
  const contract = contractOf(waiting);
  return firstUnmet({
    "it names the contract that waits": contractDigest === waiting.contractDigest,
    "it is of that contract": claims["contractDigest"] === waiting.contractDigest,
    "it has these members": keysOf(claims, step === undefined ? SIGNED : [...SIGNED, "step"]),
    "its signer is who it says": claims["iss"] === name,
    "the role is its own": roles.includes(String(claims["role"])),
    "there is such a gate": isKnown,
    "it is of this statement":
      isKnown && claims["statementDigest"] === statementDigest({ contract, step }),
    "it is of now": iat <= now + 60 && now < exp && exp > iat && exp - iat <= 86_400,
  });
}

function contractOf({ contract }: Ground["waiting"]) {
  const read = readContract(contract);
  if (isRefusal(read)) throw new Error(read.detail);
  return read;
}
