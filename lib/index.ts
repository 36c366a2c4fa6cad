/** What others build on (PROTOCOL.md §12), and what an agent's author imports. */

export { verifyRecords } from "./audit/verify.ts";
export { proveContainment } from "./authority/contain/contain.ts";
export { deriveAuthority } from "./authority/derive/derive.ts";
export { evaluatePolicies } from "./authority/evaluate/evaluate.ts";
export type { Again } from "./client/again.ts";
export type { Asked, ClientPorts } from "./client/client.ts";
export { planeClient } from "./client/client.ts";
export { deliveryKey, openCredentials } from "./client/credentials.ts";
export { fileKey } from "./client/file-key.ts";
export { newPrivateJwk, signingKey } from "./client/keys.ts";
export { kmsKey } from "./client/kms-key.ts";
export {
  contractDigest,
  delegateEvent,
  executeEvent,
  issueEvent,
  signRequest,
  withdrawEvent,
} from "./client/request.ts";
export { parseBlock } from "./continuity/block.ts";
export { delegationStatement } from "./continuity/statement.ts";
export { verifyChain } from "./continuity/verify.ts";
export { narrows, satisfies } from "./contract/constraint.ts";
export type { Contract } from "./contract/contract.ts";
export { parseContract } from "./contract/contract.ts";
export { stepNarrows } from "./contract/step-narrows.ts";
export { canonicalize } from "./encoding/canonical-json.ts";
export { sha256Digest } from "./encoding/digest.ts";
export { preAuthEncoding } from "./encoding/dsse.ts";
export { jwkThumbprint } from "./encoding/jwk.ts";
export type { KeyPort } from "./encoding/jws.ts";
export type { Answer, GrantedAnswer, RefusedAnswer } from "./enforcement/answer.ts";
export type { DelegatedAnswer, WithdrawnAnswer } from "./enforcement/delegate.ts";
export type { TrustPolicy } from "./trust/policy.ts";
