import * as z from "zod";
import type { Digest } from "../encoding/digest.ts";
import { type ReadJws, readJws, verifyJws } from "../encoding/jws.ts";
import { digest, evaluatorClass, label, numericDate, purpose, uuid } from "../encoding/members.ts";
import { readBy } from "../encoding/schema.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { partyKey, type TrustPolicy } from "../trust/policy.ts";

/** Seconds by which an evaluator's clock may be ahead. */
const CLOCK_SKEW = 60;
/** Texts of one attestation, and names. */
const MOST_TEXTS = 16;

const shared = {
  iss: label,
  iat: numericDate,
  jti: label,
  class: evaluatorClass,
  verdict: z.enum(["approve", "reject", "abstain"]),
  objections: z.array(purpose).max(MOST_TEXTS),
  obligations: z.array(label).max(MOST_TEXTS),
};

/** Every member that an attestation may have: it speaks of a decision, or of one obligation of one identity. */
const claims = z.union([
  z.strictObject({ ...shared, decisionDigest: digest }),
  z.strictObject({
    ...shared,
    obligation: z.strictObject({ identityId: uuid, name: label }),
  }),
]);

/** An evaluator's signed judgement (PROTOCOL.md §3). */
export type Attestation = z.infer<typeof claims>;

/** An attestation that was read strictly; nobody is believed yet. */
export interface ReadAttestation {
  readonly jws: ReadJws;
  readonly claims: Attestation;
  readonly digest: Digest;
}

const malformed = (detail: string, pointer: string): Refusal =>
  refuse("ATTESTATION_MALFORMED", detail, pointer);

/** Reads an attestation before any signature work. `at`: where it stands in the event, a JSON pointer. */
export function readAttestation(compact: unknown, at: string): ReadAttestation | Refusal {
  const jws = readJws(compact, "vai-attestation+jwt");
  if (!jws.ok) return malformed(jws.detail, at + jws.pointer);
  const read = readBy(claims, jws.value.payload);
  return read.ok
    ? { jws: jws.value, claims: read.value, digest: jws.value.digest }
    : malformed(read.detail, at + read.pointer);
}

/**
 * Whether an evaluator of the trust policy said this, in its own class and not ahead of its time. `now` in seconds. Of
 * whom and what it speaks is for whoever counts it.
 */
export function judgeEvaluator(
  { jws, claims: { iss, iat, class: spoken } }: ReadAttestation,
  { evaluators }: Pick<TrustPolicy, "evaluators">,
  now: number,
  at: string,
): Refusal | undefined {
  const evaluator = evaluators.find(({ name }) => name === iss);
  const key = evaluator && partyKey(evaluator, jws.header.kid);
  if (evaluator === undefined || key === undefined) {
    return malformed(`"${iss}" with this key is not an evaluator`, `${at}/iss`);
  }
  if (evaluator.class !== spoken) {
    return malformed(`"${iss}" is of class ${evaluator.class}, not ${spoken}`, `${at}/class`);
  }
  if (!verifyJws(jws, key)) return malformed("the signature does not verify", at);
  return iat <= now + CLOCK_SKEW ? undefined : malformed("lies ahead", `${at}/iat`);
}
