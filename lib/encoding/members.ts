import * as z from "zod";
import { type Digest, isDigest } from "./digest.ts";
import { type PublicJwk, readPublicJwk } from "./jwk.ts";

/** Members that several signed objects share (PROTOCOL.md §§1–3). */

/** Lower case only: ids are compared as text, so a second spelling of one id would be a second id (a replay). */
export const uuid = z
  .string()
  .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "must be a UUID in lower-case hex");

export const digest = z.custom<Digest>(isDigest, "must be sha256: and 64 lower-case hex digits");

/** NumericDate in whole seconds (RFC 7519 §2); below the year 10000. */
export const numericDate = z.int().min(0).max(253402300799);

/**
 * A name in a list of the trust policy, an id, a label: visible text without controls. Most are of ASCII, which is told
 * without a look into the tables of Unicode.
 */
export const label = z
  .string()
  .regex(
    /^(?:[ -~]{1,512}|[^\p{C}\p{Zl}\p{Zp}]{1,512})$/u,
    "must be 1 to 512 printable characters",
  );

export const thumbprint = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}$/, "must be an RFC 7638 SHA-256 thumbprint in base64url");

export const stepId = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, "must be 1 to 64 of A-Z a-z 0-9 . _ -");

/** An IAM action as IAM writes it, `service:Action`; compared exactly, never by another letter case (ADV-06). */
export const action = z
  .string()
  .regex(
    /^[a-z0-9-]{1,64}:[A-Za-z0-9]{1,128}$/,
    "must be an IAM action such as lambda:UpdateAlias",
  );

/** Shape only: which characters an ARN may hold is judged as `CONTRACT_OVERBROAD` in stage `contract`. */
export const arn = z
  .string()
  .max(2048)
  .regex(/^arn:[^:]*:[^:]*:[^:]*:[^:]*:.+$/su, "must be a full ARN");

export const riskClass = z.enum(["LOW", "MEDIUM", "HIGH", "CRITICAL"]);
export type RiskClass = z.infer<typeof riskClass>;

const RISK_ORDER: readonly RiskClass[] = ["LOW", "MEDIUM", "HIGH", "CRITICAL"];

/** By what an evaluator judges. */
export const evaluatorClass = z.enum(["policy", "state", "risk", "simulation", "human"]);

/** What an actor is. */
export const actorKind = z.enum(["agent", "human", "workflow", "service"]);

/** Whether a class is at least as high as another (VAI-38). */
export const isAtLeast = (risk: RiskClass, floor: RiskClass): boolean =>
  RISK_ORDER.indexOf(risk) >= RISK_ORDER.indexOf(floor);

export const publicJwk = z.unknown().transform((value, context): PublicJwk => {
  const key = readPublicJwk(value);
  if (typeof key !== "string") return key.jwk;
  context.addIssue({ code: "custom", message: key });
  return z.NEVER;
});

/** Text that people read before they approve: bidirectional marks could make it show another meaning. */
export const purpose = z
  .string()
  .regex(
    /^[^\p{C}\p{Zl}\p{Zp}]{1,200}$/u,
    "must be 1 to 200 printable characters without controls",
  );

/** A parameter's plain value. */
export const scalar: z.ZodType<string | number | boolean> = z.union([
  z.string(),
  z.int(),
  z.boolean(),
]);
