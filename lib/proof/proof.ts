import * as z from "zod";
import { fromInstant } from "../clock.ts";
import { afterBreaches } from "../contract/order.ts";
import { steps } from "../contract/step.ts";
import { documentDigest } from "../encoding/canonical-json.ts";
import { type Digest, sha256Digest } from "../encoding/digest.ts";
import { type ReadJws, readJws } from "../encoding/jws.ts";
import { action, actorKind, arn, digest, label, numericDate, uuid } from "../encoding/members.ts";
import { readBy } from "../encoding/schema.ts";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";

/** Governance's own members: any JSON within the limits of the whole event. */
const free = z.record(z.string(), z.unknown());

/** The declared wish (ledger D.2), with the id that names its evidence chain. */
const intent = z.strictObject({
  id: uuid,
  actor: label,
  action: z.union([action, z.array(action).min(1)]),
  target: z.array(arn).min(1),
  constraints: free,
  metadata: free,
});
type Intent = z.infer<typeof intent>;

const instant = z
  .string()
  .refine(
    (text) => !Number.isNaN(fromInstant(text)),
    "must be RFC 3339 UTC with milliseconds and Z",
  );

const context = z.strictObject({
  observedAt: instant,
  sources: z.array(z.strictObject({ name: label, digest })),
});
type Context = z.infer<typeof context>;

/** Attestations, and approvals, that a request may present. */
const MOST_VOICES = 32;

const proof = z.strictObject({
  intent,
  context,
  decision: z.string(),
  attestations: z.array(z.string()).max(MOST_VOICES).default([]),
  approvals: z.array(z.string()).max(MOST_VOICES).default([]),
});

/** Every member that a decision may have. */
export const decisionClaims = z.strictObject({
  iss: label,
  aud: label.optional(),
  iat: numericDate,
  jti: label,
  exp: numericDate,
  intentDigest: digest,
  contextDigest: digest,
  outcome: z.enum(["ALLOW", "CONSTRAIN", "DENY", "ESCALATE"]),
  policy: z.strictObject({ id: label, version: label, engine: label, digest }),
  /** Digest of the trust policy's `governance` that it was taken under. */
  governanceDigest: digest.optional(),
  boundary: z
    .strictObject({
      authorization_details: steps,
      notAfter: numericDate,
      actorId: label,
      actorKind: actorKind.optional(),
    })
    .superRefine(({ authorization_details: entries }, context) => {
      for (const index of entries.keys()) {
        for (const { path, message } of afterBreaches(entries, index)) {
          context.addIssue({ code: "custom", path, message });
        }
      }
    }),
});
/** The policy engine's verdict and the ceiling of what may be issued under it (VAI-35, DTF-02). */
type Decision = z.infer<typeof decisionClaims>;

/** A decision that was read strictly; nobody is believed yet. */
export interface ReadDecision {
  readonly jws: ReadJws;
  readonly claims: Decision;
  readonly digest: Digest;
}

/** A proof whose parts were read; digests and signatures are not judged yet. */
export interface ReadProof {
  readonly intent: Intent;
  readonly context: Context;
  readonly decision: ReadDecision;
  readonly attestations: readonly string[];
  readonly approvals: readonly string[];
  readonly intentDigest: Digest;
  readonly contextDigest: Digest;
  /** Over the intent and context digests and the digests of the JWS (PROTOCOL.md §3). */
  readonly digest: Digest;
}

const incomplete = (where: string, detail: string): Refusal =>
  refuse("PROOF_INCOMPLETE", `${where} ${detail}`, where);

/**
 * Reads a proof's parts, stage `proof`: `EVIDENCE_MISSING` for a part that is not there, else `PROOF_INCOMPLETE`.
 * The limits of depth and size were judged with the event that it came in.
 */
export function readProof(value: unknown): ReadProof | Refusal {
  const missing = missingPart(value);
  if (missing !== undefined) return missing;
  const read = readBy(proof, value);
  if (!read.ok) return incomplete(`/proof${read.pointer}`, read.detail);
  const parts = read.value;
  const decision = readDecision(parts.decision, "/proof/decision");
  if (isRefusal(decision)) return decision;
  const intentDigest = documentDigest(parts.intent);
  const contextDigest = documentDigest(parts.context);
  return {
    ...parts,
    decision,
    intentDigest,
    contextDigest,
    digest: proofDigest(intentDigest, contextDigest, decision.digest),
  };
}

/** Reads a decision before any signature work. `at`: where it stands in the event, a JSON pointer. */
export function readDecision(compact: unknown, at: string): ReadDecision | Refusal {
  const jws = readJws(compact, "vai-decision+jwt");
  if (!jws.ok) return incomplete(at + jws.pointer, jws.detail);
  const read = readBy(decisionClaims, jws.value.payload);
  return read.ok
    ? { jws: jws.value, claims: read.value, digest: jws.value.digest }
    : incomplete(at + read.pointer, read.detail);
}

/** A request must point to the approving evidence; "this task is authorised" is not enough (VAI-10, VAI-54). */
function missingPart(value: unknown): Refusal | undefined {
  if (typeof value !== "object" || value === null) {
    return refuse(
      "EVIDENCE_MISSING",
      "the contract is not bound yet and the event has no proof",
      "/proof",
    );
  }
  for (const part of ["intent", "context", "decision"] as const) {
    const found = (value as Record<string, unknown>)[part];
    if (found === undefined || found === null) {
      return refuse("EVIDENCE_MISSING", `the proof has no ${part}`, `/proof/${part}`);
    }
  }
  return undefined;
}

const proofDigest = (intentDigest: Digest, contextDigest: Digest, decisionDigest: Digest): Digest =>
  // Sorted members of plain strings: JSON.stringify writes their JCS form.
  sha256Digest(
    JSON.stringify({
      approvals: [],
      attestations: [],
      context: contextDigest,
      decision: decisionDigest,
      intent: intentDigest,
    }),
  );
