import { isTerminal } from "../../evidence/events.ts";
import type { EvidenceRecord } from "../../evidence/record.ts";
import { inside, plain } from "../plain-text.ts";
import { shareOf } from "./tally.ts";

/** Upper ends of the ranges that times to first use are counted in, in seconds; the last has none. */
export const RANGES = [1, 10, 60, 300, 900, 3_600] as const;

/** How identities were used, or not (VAI-137). */
export interface UseMetrics {
  readonly issued: number;
  readonly ended: number;
  /** Expired without any use. */
  readonly expiredUnused: number;
  /** Expired in their caller's hands: whether they were used CloudTrail says, evidence does not. */
  readonly expiredUnknown: number;
  /** Expired unused, of those that ended. */
  readonly share: number | null;
  /** From issuance to the first use, by delivery: how many within each of {@link RANGES}, and beyond. */
  readonly firstUse: readonly {
    readonly delivery: string;
    readonly used: number;
    readonly within: readonly number[];
    readonly longestSeconds: number;
  }[];
}

interface Issued {
  readonly at: number;
  readonly delivery: string;
  isUsed: boolean;
}

/** Deliveries that this software has, and one name for whatever else a record says. */
const DELIVERIES: ReadonlySet<string> = new Set(["execute", "handle", "credentials"]);

/** Counts identities by their issuance; has to see every record of a chain, in order. */
export class Uses {
  /** Of the chain at hand: an identity lives on one. */
  readonly #issued = new Map<string, Issued>();
  readonly #firstUse = new Map<
    string,
    { used: number; within: number[]; longestSeconds: number }
  >();
  #chainId = "";
  #counts = { issued: 0, ended: 0, expiredUnused: 0, expiredUnknown: 0 };

  take({ chain, event, identity, detail }: EvidenceRecord, isCounted: boolean): void {
    if (chain.id !== this.#chainId) this.#issued.clear();
    this.#chainId = chain.id;
    if (identity === undefined) return;
    if (event.type === "IdentityIssued" && isCounted) {
      const delivery = plain(inside(detail, "delivery"));
      this.#counts.issued += 1;
      this.#issued.set(identity.id, {
        at: Date.parse(event.at),
        delivery: DELIVERIES.has(delivery) ? delivery : "another",
        isUsed: false,
      });
    }
    const issued = this.#issued.get(identity.id);
    if (issued === undefined) return;
    if (event.type === "ExecutionStarted" && !issued.isUsed)
      this.#use(issued, Date.parse(event.at));
    if (!isTerminal(event.type)) return;
    // The first terminal record counts; whatever comes behind it is of no identity that is open.
    this.#issued.delete(identity.id);
    this.#counts.ended += 1;
    if (event.type !== "IdentityExpired") return;
    const used = inside(detail, "used");
    if (used === "unknown") this.#counts.expiredUnknown += 1;
    if (used === false) this.#counts.expiredUnused += 1;
  }

  #use(issued: Issued, at: number): void {
    issued.isUsed = true;
    const seconds = Math.max(0, at - issued.at) / 1000;
    const none = {
      used: 0,
      within: Array.from({ length: RANGES.length + 1 }, () => 0),
      longestSeconds: 0,
    };
    const { used, within, longestSeconds } = this.#firstUse.get(issued.delivery) ?? none;
    const found = RANGES.findIndex((end) => seconds <= end);
    const place = found < 0 ? RANGES.length : found;
    this.#firstUse.set(issued.delivery, {
      used: used + 1,
      within: within.map((count, index) => count + Number(index === place)),
      longestSeconds: Math.max(longestSeconds, seconds),
    });
  }

  result(): UseMetrics {
    const { expiredUnused, ended } = this.#counts;
    return {
      ...this.#counts,
      share: shareOf(expiredUnused, ended),
      firstUse: [...this.#firstUse]
        .map(([delivery, each]) => ({ delivery, ...each }))
        .sort((one, other) => (one.delivery < other.delivery ? -1 : 1)),
    };
  }
}
