import type { StoredView } from "../../aws/ports/open-view.ts";
import { toInstant } from "../../clock.ts";
import { type Digest, sha256Digest } from "../../encoding/digest.ts";
import { present } from "../../encoding/present.ts";
import type { Heads, RegistryDocuments } from "../../enforcement/read/registry-port.ts";
import { intentIdOf, REGISTRY_CHAIN } from "../../evidence/chain.ts";
import type { StoredMarks } from "../../evidence/ports.ts";
import { readCommand } from "../../lifecycle/command.ts";
import { denialOf, isMarked, readMarks } from "../../lifecycle/mark.ts";
import { isRefusal } from "../../refusal.ts";
import { type Restrictions, readRestrictions } from "../../trust/restrictions.ts";
import type { Reviews } from "./reviews.ts";
import {
  type OpenContract,
  type OpenDuty,
  type ReadView,
  readView,
  type ShownIdentity,
} from "./view.ts";

/** What a head shows, as far as anybody can read it: garbage of any size is not kept. */
export interface SeenView extends ReadView {
  readonly chainId: string;
  /** When `sweep` has work on it, in RFC 3339: before every instant where nobody can read it. */
  readonly due: string;
}

export const seenView = ({ chainId, due, open }: StoredView): SeenView => ({
  chainId,
  due: typeof due === "string" ? due : "",
  ...readView(intentIdOf(chainId), open),
});

/** What was read of a plane, all of it by keys and indexes. */
export interface StatusSources {
  readonly views: readonly SeenView[];
  /** By chain: of those on which there is work now, and something is marked. */
  readonly marks: ReadonlyMap<string, StoredMarks>;
  readonly registry: { readonly heads: Heads; readonly documents: RegistryDocuments };
  /** Of emergencies; absent where the deployment names no bucket of them, or nobody can tell which are reviewed. */
  readonly reviews?: Reviews | undefined;
  /** Rows of the index `byNegativeDay`, newest first. */
  readonly refusals: readonly Readonly<Record<string, unknown>>[];
}

/** A refusal, as the index has it. */
interface Blocked {
  readonly at: string;
  readonly eventType: string;
  readonly code?: string;
  readonly chainId: string;
  readonly seq: number;
  readonly actorId?: string;
  readonly contractId?: string;
  readonly identityId?: string;
}

/** A denial that is committed and lacks its record. */
interface Owed {
  readonly chainId: string;
  /** What was ordered, by whom and why; unverified, and absent where nobody can read it. */
  readonly order?: { readonly do: string; readonly by: string; readonly reason: string };
}

/**
 * What operators look at (PROTOCOL.md §10, Views). Made of conveniences: whoever writes State can hide or invent some of
 * it, and nothing is judged by it. What happened, evidence says.
 */
export interface Status {
  readonly plane: string;
  readonly at: string;
  /** Seconds. */
  readonly within: number;
  /** Identities that can still act, the one that ends first before the others. */
  readonly live: readonly ShownIdentity[];
  /** Identities whose time is over and whose end nobody has recorded yet: `sweep` is due. */
  readonly overdue: readonly ShownIdentity[];
  /** Contracts with uses left. */
  readonly pending: readonly OpenContract[];
  /** Those of them whose window ends within the seconds asked for. */
  readonly expiring: readonly OpenContract[];
  /** Steps of {@link pending} that people have to open, or that come behind others. */
  readonly waits: readonly ShownWait[];
  /** What still has to be shown of executions, the one that is due first before the others. */
  readonly duties: readonly OpenDuty[];
  /** Uses under break-glass that wait for their review; absent where nobody could look. */
  readonly reviews?: Reviews["open"];
  readonly blocked: readonly Blocked[];
  readonly halted: Restrictions["halts"];
  readonly revokedKeys: Restrictions["revokedKeys"];
  readonly quarantined: Restrictions["quarantines"];
  readonly owed: readonly Owed[];
  /** What keeps everything refused, whatever else is listed. */
  readonly problem?: string;
  /** Entries that nobody can read. */
  readonly unreadable: number;
}

/** A step that waits, with the contract that it is of. */
type ShownWait = OpenContract["waits"][number] & {
  readonly contractDigest: string;
  readonly intentId: string;
};

/** What a status is asked for. */
export interface StatusQuestion {
  readonly plane: string;
  /** Milliseconds. */
  readonly now: number;
  /** Seconds. */
  readonly within: number;
}

export function statusOf(seen: StatusSources, { plane, now, within }: StatusQuestion): Status {
  const views = seen.views.map((view) => withDenials(view, seen.marks.get(view.chainId)));
  const identities = soonest(views, ({ identities }) => identities, endOf);
  const pending = soonest(
    views,
    ({ contracts }) => contracts,
    ({ exp }) => exp * 1000,
  ).filter(({ exp }) => exp * 1000 > now);
  const { restrictions, problem } = stoppedIn(seen.registry);
  return {
    ...{ plane, at: toInstant(now), within },
    live: identities.filter((each) => endOf(each) > now),
    overdue: identities.filter((each) => endOf(each) <= now),
    pending,
    expiring: pending.filter(({ exp }) => exp * 1000 <= now + within * 1000),
    waits: pending.flatMap(({ digest: contractDigest, intentId, waits }) =>
      waits.map((wait) => ({ ...wait, contractDigest, intentId })),
    ),
    duties: soonest(
      views,
      ({ duties }) => duties,
      ({ due }) => Date.parse(due),
    ),
    ...present({ reviews: seen.reviews?.open }),
    blocked: seen.refusals.map(blockedOf),
    halted: restrictions?.halts ?? [],
    revokedKeys: restrictions?.revokedKeys ?? [],
    quarantined: restrictions?.quarantines ?? [],
    owed: owedIn(seen),
    ...present({ problem }),
    unreadable: views.reduce(
      (sum, { unreadable }) => sum + unreadable,
      seen.reviews?.unreadable ?? 0,
    ),
  };
}

/** Chains on which `sweep` has work: only there can a record be owed. `now` in RFC 3339. */
export const dueChains = (views: readonly SeenView[], now: string): string[] =>
  views.flatMap(({ chainId, due }) => (due > now ? [] : [chainId]));

/** What is denied and owed may still run, or be in somebody's hand: it stays in its list, and says so. */
function withDenials(view: SeenView, stored: StoredMarks | undefined): SeenView {
  if (stored === undefined) return view;
  const marks = readMarks(stored);
  const withDenial = <T extends object>(each: T, covered: Parameters<typeof denialOf>[1]): T =>
    denialOf(marks, covered) === undefined ? each : { ...each, denied: true };
  return {
    ...view,
    identities: view.identities.map((each) =>
      withDenial(each, { contractDigest: each.contractDigest as Digest, identityId: each.id }),
    ),
    contracts: view.contracts.map((each) =>
      withDenial(each, { contractDigest: each.digest as Digest }),
    ),
  };
}

/** Its own end, in milliseconds: no session of it may do anything behind that, however long STS lets it live. */
const endOf = ({ expiresAt }: ShownIdentity): number => Date.parse(expiresAt);

function soonest<T>(
  views: readonly ReadView[],
  listed: (view: ReadView) => readonly T[],
  end: (each: T) => number,
): T[] {
  return views.flatMap(listed).sort((one, other) => end(one) - end(other));
}

/** The restrictions in force, or why nobody can say what they are: then the plane refuses everything. */
export function stoppedIn({ heads, documents }: StatusSources["registry"]): {
  readonly restrictions?: Restrictions;
  readonly problem?: string;
} {
  if (heads.registry === undefined) return { problem: "no trust policy is published" };
  const read = readRestrictions(documents.restrictions ?? "");
  if (read === undefined) return { problem: "the restrictions cannot be read" };
  const { restrictions } = read;
  const isOwed = heads.pending !== undefined || isMarked(heads.registryChain.marks);
  if (isOwed) return { restrictions, problem: "a denial of the whole plane lacks its record" };
  return sha256Digest(documents.restrictions ?? "") === heads.registry.restrictionsDigest
    ? { restrictions }
    : { restrictions, problem: "the restrictions are not those that the Registry's head names" };
}

/** Both places hold a denial of the whole plane; of an intent it is its head alone. */
function owedIn({ registry: { heads }, marks }: StatusSources): Owed[] {
  const pending: readonly unknown[] = Array.isArray(heads.pending) ? heads.pending : [];
  const ofRegistry = new Set([...pending, ...ordersIn(heads.registryChain.marks)]);
  return [
    ...[...ofRegistry].map((order) => owedBy(REGISTRY_CHAIN, order)),
    ...[...marks].flatMap(([chainId, stored]) =>
      ordersIn(stored).map((order) => owedBy(chainId, order)),
    ),
  ];
}

/** What each mark is by; nothing for one that the plane itself made, or that nobody can read. */
function ordersIn(stored: StoredMarks): unknown[] {
  if (!isMarked(stored)) return [];
  return Array.isArray(stored.marks) ? stored.marks.map((mark) => mark?.by) : [undefined];
}

function owedBy(chainId: string, order: unknown): Owed {
  const read = readCommand(order);
  if (isRefusal(read)) return { chainId };
  const { do: verb, iss: by, reason } = read.claims;
  return { chainId, order: { do: verb, by, reason } };
}

function blockedOf(row: Readonly<Record<string, unknown>>): Blocked {
  const text = (name: string): string | undefined =>
    typeof row[name] === "string" ? row[name] : undefined;
  return {
    at: text("at") ?? "",
    eventType: text("eventType") ?? "",
    chainId: text("chainId") ?? "",
    seq: Number(row["seq"]),
    ...present({
      code: text("code"),
      actorId: text("actorId"),
      contractId: text("contractId"),
      identityId: text("identityId"),
    }),
  };
}
