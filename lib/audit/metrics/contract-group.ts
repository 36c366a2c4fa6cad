import { readJws } from "../../encoding/jws.ts";
import type { EvidenceRecord } from "../../evidence/record.ts";
import { inside, plain } from "../plain-text.ts";

/**
 * Whose contracts, and of which make. A contract names no template that it was made from; contracts of one have the same
 * actions in the same order of steps, so that is what stands for it.
 */
export interface ContractGroup {
  readonly issuer: string;
  readonly template: string;
}

/** Of a request whose contract nobody could verify. */
const UNKNOWN: ContractGroup = { issuer: "not verified", template: "not verified" };

/**
 * Which group the contracts of a chain are of. A contract stands in the record that binds it, and until then in each request
 * under it; it is in either only once its signature was verified.
 */
export class ContractGroups {
  readonly #known = new Map<string, ContractGroup>();
  #chainId = "";

  /** Has to see every record of a chain, in order. */
  take({ chain, contract, detail }: EvidenceRecord): void {
    if (chain.id !== this.#chainId) this.#known.clear();
    this.#chainId = chain.id;
    if (contract === undefined || this.#known.has(contract.digest)) return;
    const read = readJws(inside(detail, "contract"), "vai-contract+jwt");
    if (!read.ok) return;
    if (this.#known.size >= KEPT) this.#known.clear();
    this.#known.set(contract.digest, groupOf(read.value.payload));
  }

  of({ contract }: EvidenceRecord): ContractGroup {
    return (contract && this.#known.get(contract.digest)) ?? UNKNOWN;
  }
}

/** Contracts of one chain; where more were refused than that, each request names its own again. */
const KEPT = 1_000;

function groupOf(claims: unknown): ContractGroup {
  const steps = inside(claims, "authorization_details");
  const actions = (Array.isArray(steps) ? steps : []).map((step) => {
    const own = inside(step, "actions");
    return (Array.isArray(own) ? own : []).map((action) => plain(action)).join("+");
  });
  return { issuer: plain(inside(claims, "iss")), template: plain(actions.join(", ")) };
}
