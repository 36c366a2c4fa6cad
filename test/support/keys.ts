import { type HeldKey, signingKey } from "../../lib/client/keys.ts";
import type { SignatureAlgorithm } from "../../lib/encoding/jwk.ts";
import { namedPrivateJwk } from "./named-key.ts";

/** Everybody who signs in these tests; both algorithms are among them. */
const ALGORITHMS = {
  anchor: "ES256",
  otherAnchor: "ES256",
  issuer: "ES256",
  otherIssuer: "EdDSA",
  decider: "EdDSA",
  otherDecider: "ES256",
  agent: "EdDSA",
  otherAgent: "ES256",
  stranger: "EdDSA",
  evaluator: "EdDSA",
  evaluatorRisk: "ES256",
  evaluatorHuman: "EdDSA",
  approver: "ES256",
  otherApprover: "EdDSA",
  operator: "ES256",
  otherOperator: "EdDSA",
  signaller: "ES256",
  auditor: "EdDSA",
  plane: "ES256",
  otherPlane: "ES256",
  refunds: "ES256",
  ledger: "ES256",
} as const satisfies Record<string, SignatureAlgorithm>;

export type KeyName = keyof typeof ALGORITHMS;

/** The same in every run: these tests are about what is signed, not about who. */
export const KEYS = Object.fromEntries(
  Object.entries(ALGORITHMS).map(([name, algorithm]) => [
    name,
    signingKey(namedPrivateJwk(name, algorithm)),
  ]),
) as Readonly<Record<KeyName, HeldKey>>;
