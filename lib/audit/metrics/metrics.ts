import type { EventType } from "../../evidence/events.ts";
import type { EvidenceRecord } from "../../evidence/record.ts";
import { type RequestMetrics, Requests } from "./requests.ts";
import { type UseMetrics, Uses } from "./unused.ts";
import { type ViolationMetrics, Violations } from "./violations.ts";

/** Events that something is counted by: chains without one in the time that is asked for need not be read. */
export const COUNTED: readonly EventType[] = [
  ...(["IdentityRequested", "RefusalsCounted", "IdentityIssued", "ViolationDetected"] as const),
];

/** What evidence tells of how well contracts fit what is done under them (VAI-136 to VAI-138). */
export interface Metrics {
  readonly requests: RequestMetrics;
  readonly uses: UseMetrics;
  readonly violations: ViolationMetrics;
}

/**
 * Counts records, in memory that does not grow with their number. Whole chains, one after the other, each from its first
 * record on: what a record counts for, earlier ones say.
 */
export class MetricsCounter {
  readonly #requests = new Requests();
  readonly #uses = new Uses();
  readonly #violations = new Violations();
  readonly #since: string;

  /** @param since RFC 3339: only what happened from then on counts. */
  constructor(since: string) {
    this.#since = since;
  }

  take(record: EvidenceRecord): void {
    const isCounted = record.event.at >= this.#since;
    this.#requests.take(record, isCounted);
    this.#uses.take(record, isCounted);
    this.#violations.take(record, isCounted);
  }

  result(): Metrics {
    return {
      requests: this.#requests.result(),
      uses: this.#uses.result(),
      violations: this.#violations.result(),
    };
  }
}
