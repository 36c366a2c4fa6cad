import * as z from "zod";
import type { PlaneId } from "../config.ts";
import { type ReadJws, readJws, verifyJws } from "../encoding/jws.ts";
import { digest, label, numericDate, purpose, thumbprint, uuid } from "../encoding/members.ts";
import { readBy } from "../encoding/schema.ts";
import { type Refusal, refuse, refuseUntil } from "../refusal.ts";
import { partyKey, type TrustPolicy } from "../trust/policy.ts";
import { VERBS, type Verb } from "../trust/verbs.ts";
import { approvals } from "../unlock.ts";

/** Seconds: the longest life of a command, and how far another's clock may be ahead. */
const MAX_LIFE = 300;
const CLOCK_SKEW = 60;

const shared = {
  iss: label,
  iat: numericDate,
  exp: numericDate,
  aud: label,
  jti: label,
  reason: purpose,
};
/** What an auditor has found; printable, as `reason` is. */
const finding = z
  .string()
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]{1,1000}$/u, "must be 1 to 1,000 printable characters");

const command = <Name extends Verb, Members extends z.ZodRawShape>(verb: Name, members: Members) =>
  z.strictObject({ ...shared, do: z.literal(verb), ...members });

/** Every verb that this version has, with its own members (PROTOCOL.md §10). */
const schema = z.discriminatedUnion("do", [
  command("revokeIdentity", { identityId: uuid }),
  command("revokeContract", { contractDigest: digest }),
  command("revokeDelegation", { contractDigest: digest, block: digest }),
  command("signal", { kind: z.enum(["context", "policy", "risk"]), contractDigest: digest }),
  command("haltActor", { actorId: label }),
  command("haltPlane", {}),
  command("revokeKey", { jkt: thumbprint }),
  command("revokePlaneKey", { jkt: thumbprint }),
  command("reinstateActor", { actorId: label }),
  command("reinstateKey", { jkt: thumbprint }),
  command("liftQuarantine", { path: label }),
  command("resumePlane", {}),
  command("reviewBreakGlass", { contractDigest: digest, finding }),
]);
export type Command = z.infer<typeof schema>;

/** A command that was read strictly; nobody is believed yet. */
export interface ReadCommand<Claims extends Command = Command> {
  readonly jws: ReadJws;
  readonly claims: Claims;
}

const malformed = (detail: string, pointer: string): Refusal =>
  refuse("COMMAND_MALFORMED", detail, pointer);

/** Reads a command before any signature work. `at`: where it stands in the event, a JSON pointer. */
export function readCommand(compact: unknown, at = "/command"): ReadCommand | Refusal {
  const jws = readJws(compact, "vai-command+jwt");
  if (!jws.ok) return malformed(jws.detail, `${at}${jws.pointer}`);
  const read = readBy(schema, jws.value.payload);
  if (!read.ok) {
    const isUnknown = read.pointer === "/do";
    return malformed(
      isUnknown ? `must be one of ${VERBS.join(", ")}` : read.detail,
      at + read.pointer,
    );
  }
  const { iat, exp } = read.value;
  if (exp <= iat) return malformed("must be after iat", `${at}/exp`);
  return exp - iat <= MAX_LIFE
    ? { jws: jws.value, claims: read.value }
    : malformed(`must be at most ${MAX_LIFE} s after iat`, `${at}/exp`);
}

/** A command is for one plane. */
export const judgeAudience = ({ claims }: ReadCommand, plane: PlaneId): Refusal | undefined =>
  claims.aud === plane.id
    ? undefined
    : refuse("AUDIENCE_MISMATCH", `the command is for ${claims.aud}`, "/command/aud");

/** Not from the future, and not past its end; `now` in seconds. */
export function judgeFreshness(
  { claims: { iat, exp } }: ReadCommand,
  now: number,
): Refusal | undefined {
  if (iat > now + CLOCK_SKEW) return refuse("REQUEST_STALE", "lies ahead", "/command/iat");
  return now < exp ? undefined : refuse("REQUEST_STALE", "has ended", "/command/exp");
}

type Lists = "operators" | "auditors";

/**
 * Whoever speaks is named in the trust policy with the key that signed, and may do it. A machine that may only signal
 * gains no verb by signing one.
 */
export function judgeOperator(
  { jws, claims }: ReadCommand,
  policy: Pick<TrustPolicy, Lists>,
): Refusal | undefined {
  const operator = policy.operators.find(({ name }) => name === claims.iss);
  const key = operator && partyKey(operator, jws.header.kid);
  if (operator === undefined || key === undefined || !verifyJws(jws, key)) {
    return refuse(
      "ACTOR_AUTH_INVALID",
      "the command is not signed by an operator of the trust policy",
      "/command",
    );
  }
  return operator.may === undefined || operator.may.includes(claims.do)
    ? undefined
    : refuse("ACTOR_AUTH_INVALID", `${claims.iss} may not ${claims.do}`, "/command/do");
}

/** The same of an auditor, who reviews and orders nothing. */
export function judgeAuditor(
  { jws, claims }: ReadCommand,
  { auditors }: Pick<TrustPolicy, Lists>,
): Refusal | undefined {
  const auditor = auditors.find(({ name }) => name === claims.iss);
  const key = auditor && partyKey(auditor, jws.header.kid);
  return key !== undefined && verifyJws(jws, key)
    ? undefined
    : refuse(
        "ACTOR_AUTH_INVALID",
        "the command is not signed by an auditor of the trust policy",
        "/command",
      );
}

/** Loosening always needs two names; so does what cannot be taken back (PROTOCOL.md §10). */
const COSIGNED: ReadonlySet<Verb> = new Set([
  "revokePlaneKey",
  "reinstateActor",
  "reinstateKey",
  "liftQuarantine",
  "resumePlane",
]);

/** A second signature is there where it is needed, and nowhere else. */
export function judgeCosign(
  command: ReadCommand,
  cosign: unknown,
  policy: Pick<TrustPolicy, Lists>,
): Refusal | undefined {
  if (COSIGNED.has(command.claims.do)) return judgeCosignature(command, cosign, policy);
  return cosign === undefined
    ? undefined
    : malformed(`has no use beside ${command.claims.do}`, "/cosign");
}

/**
 * The second name of a command that needs one: the same payload, byte for byte, signed by a key of another operator who
 * may do it too, or of an auditor. One person with two keys is one name.
 */
function judgeCosignature(
  { jws, claims }: ReadCommand,
  cosign: unknown,
  policy: Pick<TrustPolicy, Lists>,
): Refusal | undefined {
  if (cosign === undefined) return unsigned("needs a second name", "/cosign");
  const second = readJws(cosign, "vai-command+jwt");
  if (!second.ok) return malformed(second.detail, `/cosign${second.pointer}`);
  if (payloadOf(second.value) !== payloadOf(jws)) {
    return unsigned("must sign the same payload, byte for byte", "/cosign");
  }
  const others = [
    ...policy.operators.filter(({ may }) => may === undefined || may.includes(claims.do)),
    ...policy.auditors,
  ].filter(({ name }) => name !== claims.iss);
  const holds = others.some((party) => {
    const key = partyKey(party, second.value.header.kid);
    return key !== undefined && verifyJws(second.value, key);
  });
  return holds ? undefined : unsigned("is not signed by another name that may do it", "/cosign");
}

const payloadOf = ({ signingInput }: ReadJws): string =>
  signingInput.slice(signingInput.indexOf(".") + 1);

const unsigned = (detail: string, pointer: string): Refusal =>
  refuseUntil([approvals(2, 1)], "APPROVAL_REQUIRED", detail, pointer);
