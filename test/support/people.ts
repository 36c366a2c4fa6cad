import { readContract } from "../../lib/contract/contract.ts";
import { documentDigest } from "../../lib/encoding/canonical-json.ts";
import { statementDigest } from "../../lib/proof/statement.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { forge, type SignedChange } from "./forge.ts";
import type { Governed, Mutation } from "./governed.ts";
import type { KeyName } from "./keys.ts";
import type { Plane } from "./plane.ts";
import type { Addressee } from "./world.ts";

/** Evaluators and approvers of a plane by name, with their keys. */
export const EVALUATORS = {
  "state.example": { class: "state", key: "evaluator" },
  "risk.example": { class: "risk", key: "evaluatorRisk" },
  "human.example": { class: "human", key: "evaluatorHuman" },
} as const satisfies Record<string, { class: string; key: KeyName }>;
export const APPROVERS = {
  ada: { role: "sre-lead", key: "approver" },
  bea: { role: "incident-commander", key: "otherApprover" },
} as const satisfies Record<string, { role: string; key: KeyName }>;

/** A contract of class HIGH, decided under the thresholds of the plane's policy of now. */
export const high = (plane: Plane, more: Mutation = {}): Mutation => ({
  ...more,
  contract: {
    ...more.contract,
    set: { "/risk": "HIGH", "/exp": "$seconds+200", ...more.contract?.set },
  },
  decision: {
    ...more.decision,
    set: {
      "/governanceDigest": documentDigest(plane.policy.governance),
      "/boundary/notAfter": "$seconds+600",
      ...more.decision?.set,
    },
  },
});

/** An emergency policy: both roles must say yes, by different people. */
export const EMERGENCY = {
  id: "outage",
  actions: ["lambda:UpdateAlias"],
  maxSeconds: 120,
  approverRoles: ["sre-lead", "incident-commander"],
  reviewHours: 1,
  exp: "$seconds+86400",
} as const;

/** A contract of class HIGH under break-glass, which nobody has attested. */
export const emergency = (plane: Plane, more: Mutation = {}): Mutation =>
  high(plane, {
    ...more,
    contract: {
      ...more.contract,
      set: {
        "/breakGlass": { policy: EMERGENCY.id, incident: "INC-17" },
        "/deliveries": ["execute"],
        "/nbf": "$seconds-1",
        "/exp": "$seconds+119",
        ...more.contract?.set,
      },
    },
  });

/** An attestation of a contract's decision. */
export function attestation(
  plane: Plane,
  { contract }: Pick<Governed, "contract">,
  name: keyof typeof EVALUATORS,
  change: SignedChange = {},
): unknown {
  const { class: own, key } = EVALUATORS[name];
  const claims = {
    ...{ iss: name, iat: Math.floor(plane.world.now / 1000), jti: plane.world.newId() },
    ...{ class: own, decisionDigest: claimsOf(contract).decision.digest, verdict: "approve" },
    ...{ objections: [], obligations: [] },
  };
  return forge("vai-attestation+jwt", claims, key, change, plane.world.now);
}

/** An approval of a contract, or of the gate of a step. */
export function approval(
  plane: Pick<Addressee, "world">,
  { contract, contractDigest }: Pick<Governed, "contract" | "contractDigest">,
  name: keyof typeof APPROVERS,
  { step, ...change }: SignedChange & { readonly step?: string } = {},
): unknown {
  const { role, key } = APPROVERS[name];
  const iat = Math.floor(plane.world.now / 1000);
  const read = { claims: claimsOf(contract), digest: contractDigest };
  const claims = {
    ...{ iss: name, iat, exp: iat + 3600, jti: plane.world.newId(), role, contractDigest },
    statementDigest: statementDigest({ contract: read, step }),
    ...(step !== undefined && { step }),
  };
  return forge("vai-approval+jwt", claims, key, change, plane.world.now);
}

/** A later decision on the same intent. */
export function decisionOn(
  plane: Plane,
  { proof }: Pick<Governed, "proof">,
  change: SignedChange,
): unknown {
  const { decision } = proof as { readonly decision: string };
  const [, payload = ""] = decision.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
  const iat = Math.floor(plane.world.now / 1000);
  return forge(
    "vai-decision+jwt",
    { ...claims, iat, jti: plane.world.newId() },
    "decider",
    change,
    plane.world.now,
  );
}

/** A contract under break-glass with the approvals of these people in its proof. */
export function approvedEmergency(
  plane: Plane,
  more: Mutation = {},
  by: readonly (keyof typeof APPROVERS)[] = ["ada", "bea"],
): Governed {
  const governed = plane.contract(emergency(plane, more));
  const approvals = by.map((name) => approval(plane, governed, name));
  return { ...governed, proof: { ...(governed.proof as object), approvals } };
}

/** An auditor's review of a use, as `govern` takes it. */
export const reviewOf = (
  plane: Plane,
  { contractDigest }: Pick<Governed, "contractDigest">,
  claims: object = {},
  signedBy: KeyName = "auditor",
) => ({
  op: "command",
  command: plane.command(
    { do: "reviewBreakGlass", contractDigest, finding: "was right", iss: "anna", ...claims },
    { signedBy },
  ),
});

function claimsOf(contract: unknown) {
  const read = readContract(contract);
  if (isRefusal(read)) throw new Error(`no contract: ${JSON.stringify(read)}`);
  return read.claims;
}
