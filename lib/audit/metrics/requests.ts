import type { EvidenceRecord } from "../../evidence/record.ts";
import { inside } from "../plain-text.ts";
import { isObserved } from "../sentences.ts";
import { type ContractGroup, ContractGroups } from "./contract-group.ts";
import { SAYS_TOO_LITTLE } from "./says-too-little.ts";
import { type Counts, shareOf, Tally } from "./tally.ts";

type Name = "requests" | "missing" | "ambiguous";

/** Requests for an identity, and how many were refused because the contract says too little (VAI-136). */
export interface RequestMetrics extends Counts<Name> {
  /** Of the requests that are on record singly. */
  readonly share: number | null;
  readonly groups: readonly (ContractGroup & Counts<Name> & { readonly share: number | null })[];
  /** Of groups beyond those that are kept apart. */
  readonly others: Counts<Name>;
  /** Refusals of a flood, of which evidence has the number alone: in none of the counts above. */
  readonly counted: number;
  /** Requests of actions that are watched and not enforced: in none of the counts above. */
  readonly observed: number;
}

/** Counts requests; has to see every record of a chain, in order, and is told which of them count. */
export class Requests {
  readonly #contracts = new ContractGroups();
  readonly #tally = new Tally<ContractGroup, Name>(["requests", "missing", "ambiguous"]);
  #counted = 0;
  #observed = 0;

  take(record: EvidenceRecord, isCounted: boolean): void {
    this.#contracts.take(record);
    if (!isCounted) return;
    const { event, decision, detail, source } = record;
    if (event.type === "RefusalsCounted" && decision.outcome === "DENY") {
      const count = inside(detail, "count");
      this.#counted += typeof count === "number" ? count : 0;
    }
    // Commands of people leave records of the same types.
    if (source.component !== "issue") return;
    if (isObserved(detail)) {
      if (event.type === "IdentityDenied") this.#observed += 1;
      return;
    }
    const group = this.#contracts.of(record);
    if (event.type === "IdentityRequested") this.#tally.add(group, "requests");
    if (event.type !== "IdentityDenied") return;
    const why = decision.code && SAYS_TOO_LITTLE[decision.code];
    if (why !== undefined) this.#tally.add(group, why);
  }

  result(): RequestMetrics {
    const { total, others } = this.#tally;
    return {
      ...total,
      share: sharedBy(total),
      groups: this.#tally.list("requests").map((group) => ({ ...group, share: sharedBy(group) })),
      others,
      counted: this.#counted,
      observed: this.#observed,
    };
  }
}

const sharedBy = ({ requests, missing, ambiguous }: Counts<Name>): number | null =>
  shareOf(missing + ambiguous, requests);
