import type { Chain } from "../continuity/chain.ts";
import type { ReadContract } from "../contract/contract.ts";
import type { Step } from "../contract/step.ts";
import type { IdentityView } from "../evidence/intent-state.ts";
import type { ReadHandle } from "../issuance/handle.ts";
import type { ExecuteRequest, ReadRequest, Request } from "../request/request.ts";
import type { Intent } from "./read/intent.ts";
import type { TrustSnapshot } from "./read/trust-snapshot.ts";

/** A request whose contract, executor and chain are verified: from here on it is attributed to its intent. */
export interface VerifiedRequest<Claims extends Request = Request> {
  readonly contract: ReadContract;
  readonly request: ReadRequest<Claims>;
  /** The chain that was presented; `undefined`: the contract's own executor acts. */
  readonly chain: Chain | undefined;
  /** Thumbprint. */
  readonly executor: string;
  /** Whose its key is by its first binding. */
  readonly recordedActor: string | undefined;
  /** The step that is asked for, effective: the last block's. `undefined` when one of them has none of that name. */
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
