import type { EvidenceRecord } from "../evidence/record.ts";
import { isEnd } from "./ends.ts";
import { inside } from "./plain-text.ts";

/** An identity that was issued and has no end in the evidence. */
export interface Unended {
  readonly chainId: string;
  readonly identityId: string;
  /** How far it came, as recorded: issued, with its credentials minted, or with its call begun. */
  readonly reached: "issued" | "minted" | "begun";
  /** When its time is over at the latest. */
  readonly expiresAt: string | undefined;
}

/** How many are kept. */
const KEPT = 100;

const REACHED: Readonly<Record<string, Unended["reached"]>> = {
  CredentialsMinted: "minted",
  ExecutionStarted: "begun",
};

/**
 * Looks for identities without an end. Whoever cuts the last record off a chain, and sets the unsigned manifest back,
 * leaves a chain that holds; so does a function that died before it could write. Neither is a defect of a record, and
 * neither may go unsaid.
 */
export class UnendedIdentities {
  readonly #open = new Map<string, Unended>();

  take(record: EvidenceRecord): void {
    const { chain, event, identity, detail } = record;
    if (identity === undefined) return;
    const key = `${chain.id} ${identity.id}`;
    if (event.type === "IdentityIssued") {
      const expiresAt = inside(detail, "expiresAt");
      this.#open.set(key, {
        chainId: chain.id,
        identityId: identity.id,
        reached: "issued",
        expiresAt: typeof expiresAt === "string" ? expiresAt : undefined,
      });
    } else if (isEnd(record)) {
      this.#open.delete(key);
    } else {
      const [open, reached] = [this.#open.get(key), REACHED[event.type]];
      if (open !== undefined && reached !== undefined) this.#open.set(key, { ...open, reached });
    }
  }

  get count(): number {
    return this.#open.size;
  }

  /** The first of them, up to a hundred. */
  get list(): readonly Unended[] {
    return [...this.#open.values()].slice(0, KEPT);
  }
}
