import * as z from "zod";
import { toInstant, toSeconds } from "../clock.ts";
import { parsePlaneId } from "../config.ts";
import { assumption, DELIVERIES, REVOKE_ON } from "../contract/contract.ts";
import { delegation } from "../contract/delegation.ts";
import { rollback } from "../contract/rollback.ts";
import { step } from "../contract/step.ts";
import { documentDigest } from "../encoding/canonical-json.ts";
import { type Digest, sha256Digest } from "../encoding/digest.ts";
import { type SigningKey, signJws } from "../encoding/jws.ts";
import {
  actorKind,
  digest,
  evaluatorClass,
  label,
  purpose,
  riskClass,
} from "../encoding/members.ts";
import { present } from "../encoding/present.ts";

/** A person need not write the one type that there is. */
export function withType(value: unknown): unknown {
  return typeof value === "object" && value !== null ? { type: "aws", ...value } : value;
}

/** A contract as a person writes it: what is to be allowed; ids, times and digests are added when it is signed. */
export const contractDraft = z.strictObject({
  purpose,
  actor: z.strictObject({ id: label, kind: actorKind }),
  risk: riskClass,
  deliveries: z.array(z.enum(DELIVERIES)).min(1).default(["execute"]),
  steps: z.array(z.preprocess(withType, step)).min(1),
  obligations: z
    .array(
      z.strictObject({
        ...{ kind: label, name: label, dueSeconds: z.int().min(1) },
        /** Of `event`: whose word counts. */
        class: evaluatorClass.optional(),
      }),
    )
    .optional(),
  /** What is supposed of the world; recheck reads it again immediately before the call. */
  assumptions: z.array(assumption).max(16).optional(),
  revokeOn: z.array(z.enum(REVOKE_ON)).optional(),
  /** What takes an effect back that was not seen; the step of it has the gate `rollback`. */
  rollback: rollback.optional(),
  /** Who may continue it; absent: nobody hands on. */
  delegation: delegation.optional(),
  /** Of an emergency: the policy of the trust policy that it is under, and what happened. */
  breakGlass: z.strictObject({ policy: label, incident: label }).optional(),
  /** Seconds: when the window begins, from now, and how long it is. */
  window: z.strictObject({ startsIn: z.int().default(0), seconds: z.int().min(1) }),
  sources: z.array(z.strictObject({ name: label, digest })).default([]),
  metadata: z.record(z.string(), z.unknown()).default({}),
});
export type ContractDraft = z.infer<typeof contractDraft>;

interface Signer {
  readonly name: string;
  readonly key: SigningKey;
}

/** Who signs what for which plane, with everything from outside. `now` in milliseconds. */
export interface Signing {
  readonly plane: string;
  readonly issuer: Signer;
  readonly decider: Signer;
  /** Thumbprint of the key that may ask. */
  readonly executor: string;
  readonly policy: { readonly id: string; readonly version: string; readonly digest: Digest };
  /**
   * Digest of the trust policy's member `governance` that is decided under. Where the class asks for approvals or
   * attestations the plane demands it, and refuses once these thresholds are others.
   */
  readonly governanceDigest?: Digest | undefined;
  readonly now: number;
  readonly newId: () => string;
}

/** What an agent is given: the contract, and the proof that travels with its first request. */
export interface SignedContract {
  readonly contract: string;
  readonly proof: {
    readonly intent: unknown;
    readonly context: unknown;
    readonly decision: string;
    readonly attestations: readonly string[];
    readonly approvals: readonly string[];
  };
}

/** Seconds by which a decision outlives its contract's window. */
const DECISION_MARGIN = 60;

/**
 * Signs a draft: intent and context as documents, the decision over both by the decider, the contract over all
 * three by the issuer (PROTOCOL.md §§2–3).
 */
export function signContract(draft: ContractDraft, signing: Signing): SignedContract {
  const { plane, issuer, decider, now, newId } = signing;
  const place = parsePlaneId(plane);
  if (place === undefined) throw new TypeError(`${plane} is not a plane id`);
  const iat = toSeconds(now);
  const nbf = iat + Math.max(0, draft.window.startsIn);
  const exp = iat + draft.window.startsIn + draft.window.seconds;
  const intent = intentOf(draft, newId());
  const context = { observedAt: toInstant(now), sources: sourcesOf(draft) };
  const decision = signJws(
    "vai-decision+jwt",
    {
      iss: decider.name,
      aud: plane,
      iat,
      jti: newId(),
      exp: exp + DECISION_MARGIN,
      intentDigest: documentDigest(intent),
      contextDigest: documentDigest(context),
      outcome: "ALLOW",
      policy: { ...signing.policy, engine: "custom" },
      ...present({ governanceDigest: signing.governanceDigest }),
      boundary: {
        authorization_details: draft.steps,
        notAfter: exp,
        actorId: draft.actor.id,
        actorKind: draft.actor.kind,
      },
    },
    decider.key,
  );
  const contract = signJws(
    "vai-contract+jwt",
    {
      ver: 1,
      iss: issuer.name,
      aud: plane,
      jti: newId(),
      iat,
      nbf,
      exp,
      intent: { id: intent.id, digest: documentDigest(intent) },
      context: { digest: documentDigest(context) },
      decision: { digest: sha256Digest(decision.slice(0, decision.lastIndexOf("."))) },
      actor: draft.actor,
      cnf: { jkt: signing.executor },
      purpose: draft.purpose,
      risk: draft.risk,
      ...present({ partition: partitionOf(draft) }),
      account: place.account,
      region: place.region,
      deliveries: draft.deliveries,
      authorization_details: draft.steps,
      ...present({
        assumptions: draft.assumptions,
        obligations: draft.obligations,
        revokeOn: draft.revokeOn,
        rollback: draft.rollback,
        delegation: draft.delegation,
        breakGlass: draft.breakGlass,
      }),
    },
    issuer.key,
  );
  return { contract, proof: { intent, context, decision, attestations: [], approvals: [] } };
}

/**
 * The partition of what is to be acted on; left out for `aws`, which a contract without one means. An ARN says it, a region
 * does not. Where two are named the first is taken, and the plane refuses the contract for the other.
 */
function partitionOf({ steps }: ContractDraft): string | undefined {
  const [first = ""] = steps.flatMap(({ resources }) => resources);
  const [, partition] = first.split(":");
  return partition === "aws" ? undefined : partition;
}

/** What is looked at belongs to the intent as well: nobody looks at what was not approved. */
const intentOf = (draft: ContractDraft, id: string) => ({
  id,
  actor: draft.actor.id,
  action: [...new Set(draft.steps.flatMap(({ actions }) => actions))],
  target: [
    ...new Set([
      ...draft.steps.flatMap(({ resources }) => resources),
      ...(draft.assumptions ?? []).map(({ resource }) => resource),
    ]),
  ],
  constraints: {},
  metadata: draft.metadata,
});

/** A draft without sources was decided on itself alone: its own digest says so. */
const sourcesOf = (draft: ContractDraft): { name: string; digest: Digest }[] =>
  draft.sources.length > 0
    ? draft.sources
    : [{ name: "draft", digest: documentDigest(draft.steps) }];
