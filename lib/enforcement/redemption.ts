import type { RequestNames } from "../evidence/details.ts";
import type { IdentityView } from "../evidence/fold.ts";
import type { TakenKey } from "../evidence/ports.ts";
import type { Refusal } from "../refusal.ts";
import type { Intent } from "./intent.ts";
import type { RequestEvidence } from "./request-evidence.ts";

/** A request that redeems a handle: what barrier 2 takes and records of it. */
export interface Redemption {
  readonly names: RequestNames;
  readonly evidence: RequestEvidence & { readonly executor: string };
  readonly keys: readonly TakenKey[];
  /** Judges retry and grant again on the chain as it stands: another redemption may have been faster. */
  readonly settle: (intent: Intent) => Refusal | IdentityView | undefined;
  readonly onTaken: (key: TakenKey) => Refusal;
}
