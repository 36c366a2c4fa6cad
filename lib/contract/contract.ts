import * as z from "zod";
import { isRegion } from "../config.ts";
import type { Digest } from "../encoding/digest.ts";
import { type ReadJws, readJws } from "../encoding/jws.ts";
import {
  action,
  actorKind,
  arn,
  digest,
  evaluatorClass,
  label,
  numericDate,
  purpose,
  riskClass,
  scalar,
  thumbprint,
  uuid,
} from "../encoding/members.ts";
import { readBy } from "../encoding/schema.ts";
import { isRefusal, pointer, type Refusal, refuse } from "../refusal.ts";
import { constraint } from "./constraint-schema.ts";
import { delegation, delegationOf } from "./delegation.ts";
import { orderBreaches } from "./order.ts";
import { rollback } from "./rollback.ts";
import { steps } from "./step.ts";

/** Seconds: the longest time between signing and start (PROTOCOL.md §2). */
const MAX_LEAD_SECONDS = 24 * 60 * 60;

export const DELIVERIES = ["execute", "handle", "credentials"] as const;

const name = label;
const seconds = z.int().min(1).max(86_400);

/** Signals that may end a contract besides what always does. */
export const REVOKE_ON = ["contextChanged", "policyChanged", "riskSignal"] as const;

/** One value of the world that the contract supposes (PROTOCOL.md §2). */
export const assumption = z.strictObject({
  name,
  read: action,
  resource: arn,
  parameters: z.record(z.string(), scalar),
  path: z.string().regex(/^(\/([^~/]|~[01])*)*$/, "must be an RFC 6901 JSON pointer"),
  expect: constraint,
  maxAgeSeconds: seconds,
  recheck: z.boolean(),
});

const obligation = z
  .strictObject({
    kind: label,
    name,
    dueSeconds: seconds,
    /** Of an `event`: whose attestation counts; absent: any class's. */
    class: evaluatorClass.optional(),
  })
  .refine((each) => each.class === undefined || each.kind === "event", {
    path: ["class"],
    message: "is for obligations of kind event",
  });

/** Every member that a contract may have. */
export const contractClaims = z
  .strictObject({
    ver: z.literal(1),
    iss: name,
    aud: label,
    jti: uuid,
    iat: numericDate,
    nbf: numericDate,
    exp: numericDate,
    intent: z.strictObject({ id: uuid, digest }),
    context: z.strictObject({ digest }),
    decision: z.strictObject({ digest }),
    actor: z.strictObject({ id: label, kind: actorKind }),
    cnf: z.strictObject({ jkt: thumbprint }),
    purpose,
    risk: riskClass,
    partition: z
      .string()
      .regex(/^aws(-[a-z0-9]+)*$/, "must be an AWS partition")
      .optional(),
    account: z.string().regex(/^\d{12}$/, "must be 12 digits"),
    region: z.string().refine(isRegion, "must be an AWS region"),
    deliveries: z.array(z.enum(DELIVERIES)).min(1).refine(isSet, "names a delivery twice"),
    authorization_details: steps,
    assumptions: z.array(assumption).max(16).optional(),
    obligations: z
      .array(obligation)
      .max(16)
      .refine((all) => isSet(all.map(({ name }) => name)), "names an obligation twice")
      .optional(),
    revokeOn: z.array(z.enum(REVOKE_ON)).optional(),
    rollback: rollback.optional(),
    delegation: delegation.optional(),
    origin: z.strictObject({ plane: label, chainDigest: digest }).optional(),
    breakGlass: z.strictObject({ policy: label, incident: label }).optional(),
  })
  .superRefine((contract, context) => {
    const report = (path: PropertyKey[], message: string): void =>
      context.addIssue({ code: "custom", path, message });
    if (contract.nbf < contract.iat) report(["nbf"], "must not be before iat");
    if (contract.nbf - contract.iat > MAX_LEAD_SECONDS)
      report(["nbf"], "must be within 24 h of iat");
    if (contract.exp <= contract.nbf) report(["exp"], "must be after nbf");
    const isBare = contract.deliveries.length === 1 && contract.deliveries[0] === "credentials";
    contract.authorization_details.forEach(({ parameters }, index) => {
      if (parameters === "unbounded" && !isBare) {
        const message = 'may be "unbounded" only when deliveries is ["credentials"]';
        report(["authorization_details", index, "parameters"], message);
      }
    });
    const isContinued = contract.breakGlass !== undefined || contract.origin !== undefined;
    if (isContinued && delegationOf(contract).maxDepth > 0) {
      report(["delegation", "maxDepth"], "must be 0 beside breakGlass or origin");
    }
    for (const { path, message } of orderBreaches(contract)) report(path, message);
  });

/** The claims of a contract (PROTOCOL.md §2): what may be done, to what, within which limits, when. */
export type Contract = z.infer<typeof contractClaims>;
export type Obligation = z.infer<typeof obligation>;

/** A contract that was read strictly; its signature is not judged yet. */
export interface ReadContract {
  readonly jws: ReadJws;
  readonly claims: Contract;
  readonly digest: Digest;
}

/** Strict reading of a contract, stage `parse`: `CONTRACT_MALFORMED` or `CONSTRAINT_UNKNOWN` with the place. */
export function readContract(compact: unknown): ReadContract | Refusal {
  const jws = readJws(compact, "vai-contract+jwt");
  if (!jws.ok)
    return refuse("CONTRACT_MALFORMED", `the contract ${jws.detail}`, `/contract${jws.pointer}`);
  const read = readBy(contractClaims, jws.value.payload);
  if (!read.ok) {
    const where = `/contract${read.pointer}`;
    return refuse(read.code ?? "CONTRACT_MALFORMED", `${where} ${read.detail}`, where);
  }
  return { jws: jws.value, claims: read.value, digest: jws.value.digest };
}

/** The claims of a contract JWS, or why it is none. Its signature is judged where a trust policy is at hand. */
export function parseContract(compact: unknown): Contract | Refusal {
  const read = readContract(compact);
  return isRefusal(read) ? read : read.claims;
}

function isSet(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}

/** What a contract can be held to after its call. */
const DUTIES: ReadonlySet<string> = new Set(["readBack", "event"]);

/** A contract's members that this software knows but this version does not act on: refused, never ignored. */
export function unsupportedMember(contract: Contract): string | undefined {
  const { obligations, origin } = contract;
  const foreign = obligations?.findIndex(({ kind }) => !DUTIES.has(kind)) ?? -1;
  if (foreign >= 0) return pointer("/contract", ["obligations", foreign, "kind"]);
  if (delegationOf(contract).planes.length > 0) return "/contract/delegation/planes";
  if (origin !== undefined) return "/contract/origin";
  return undefined;
}
