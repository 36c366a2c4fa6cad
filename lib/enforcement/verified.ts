import type { ReadContract } from "../contract/contract.ts";
import { gateOf, type Step } from "../contract/step.ts";
import type { IdentityView } from "../evidence/intent-state.ts";
import type { ReadHandle } from "../issuance/handle.ts";
import type { ExecuteRequest, ReadRequest, Request } from "../request/request.ts";
import type { Intent } from "./read/intent.ts";
import type { TrustSnapshot } from "./read/trust-snapshot.ts";

/** A request whose contract, executor and chain are verified: from here on it is attributed to its intent. */
export interface VerifiedRequest<Claims extends Request = Request> {
  readonly contract: ReadContract;
  readonly request: ReadRequest<Claims>;
  /** Thumbprint. */
  readonly executor: string;
  /** Whose its key is by its first binding. */
  readonly recordedActor: string | undefined;
  /** The step that is asked for, effective: the contract's. `undefined` when the contract has none of that name. */
  readonly step: Step | undefined;
  /** The proof as the event carried it, if it did. */
  readonly presented: unknown;
  readonly trust: TrustSnapshot;
  readonly intent: Intent;
}

/** A verified request that redeems a handle, with the grant that the handle is of. */
export interface Redemption extends VerifiedRequest<ExecuteRequest> {
  readonly handle: ReadHandle;
  readonly identity: IdentityView;
}

/**
 * The one place where a step is looked up that somebody asks for; what a chain narrows, it narrows here. The step of a
 * rollback is none: whoever could ask for it would undo what worked (PROTOCOL.md §2, "Rollback").
 */
export const effectiveStep = ({ claims }: ReadContract, id: string): Step | undefined =>
  claims.authorization_details.find((step) => step.id === id && gateOf(step) !== "rollback");
