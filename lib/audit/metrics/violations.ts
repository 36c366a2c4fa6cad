import { readJws } from "../../encoding/jws.ts";
import type { Detail, EvidenceRecord } from "../../evidence/record.ts";
import { inside, plain } from "../plain-text.ts";
import { isObserved } from "../sentences.ts";
import { type Counts, Tally } from "./tally.ts";

/** What violations have in common (VAI-138). `adapter`: the delivery, and the family of the action. */
export interface ViolationGroup {
  readonly adapter: string;
  readonly action: string;
  readonly actor: string;
}

/** Attempts outside a contract, clustered. */
export interface ViolationMetrics extends Counts<"violations"> {
  readonly clusters: readonly (ViolationGroup & Counts<"violations">)[];
  /** Of clusters beyond those that are kept apart. */
  readonly others: Counts<"violations">;
}

/** Counts violations; has to see every record of a chain, in order. */
export class Violations {
  readonly #tally = new Tally<ViolationGroup, "violations">(["violations"]);
  /** What requests asked for, and violations whose request is recorded behind them; of the chain at hand, by the request's id. */
  readonly #asked = new Map<string, Asked>();
  readonly #open: EvidenceRecord[] = [];
  #chainId = "";

  take(record: EvidenceRecord, isCounted: boolean): void {
    if (record.chain.id !== this.#chainId) this.#settle();
    this.#chainId = record.chain.id;
    this.#learn(record);
    if (record.event.type !== "ViolationDetected" || !isCounted || isObserved(record.detail))
      return;
    this.#open.push(record);
    if (this.#open.length > KEPT) this.#settle();
  }

  #learn({ request, detail, event }: EvidenceRecord): void {
    if (request === undefined || !REQUESTS.has(event.type)) return;
    if (this.#asked.size >= KEPT) this.#settle();
    this.#asked.set(request.jti, askedIn(detail));
  }

  #settle(): void {
    for (const { request, actor } of this.#open.splice(0)) {
      const { delivery, action } = (request && this.#asked.get(request.jti)) ?? UNKNOWN;
      const [family = action] = action.split(":");
      const who = actor?.id ?? (actor?.jkt === undefined ? "nobody named" : `key ${actor.jkt}`);
      this.#tally.add(
        { adapter: `${delivery} ${family}`, action, actor: plain(who) },
        "violations",
      );
    }
    this.#asked.clear();
  }

  result(): ViolationMetrics {
    this.#settle();
    const { total, others } = this.#tally;
    return { ...total, clusters: this.#tally.list("violations"), others };
  }
}

/** Of one chain at a time; what is beyond is told without what it asked for, never lost. */
const KEPT = 1_000;

interface Asked {
  readonly delivery: string;
  readonly action: string;
}

const UNKNOWN: Asked = { delivery: "unknown", action: "unknown" };

/** Records that hold the request itself. */
const REQUESTS: ReadonlySet<string> = new Set(["IdentityRequested", "ExecutionRejected"]);

/** A redemption names no delivery: it is of a handle. */
function askedIn(detail: Detail): Asked {
  const jws = readJws(inside(detail, "request"), "vai-request+jwt");
  const claims = jws.ok ? jws.value.payload : inside(detail, "requestClaims");
  if (claims === undefined) return UNKNOWN;
  const delivery = inside(claims, "delivery");
  const action = inside(claims, "operation", "action");
  return {
    delivery: delivery === undefined ? "handle" : plain(delivery),
    action: action === undefined ? "no operation named" : plain(action),
  };
}
