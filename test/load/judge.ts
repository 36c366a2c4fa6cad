import { isDeepStrictEqual } from "node:util";
import { ScanCommand } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { projectedItems } from "../../lib/aws/ports/projection.ts";
import { parsePlaneId } from "../../lib/config.ts";
import { projectChain } from "../../lib/enforcement/rebuild.ts";
import { evidenceKeys } from "../../lib/evidence/open.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import { verifiedChains } from "../matrix/evidence.ts";
import { publishedNow } from "../matrix/registry.ts";
import { identityEnds } from "../support/identity-ends.ts";
import { readChain } from "../support/local/evidence.ts";
import type { LocalPlane } from "../support/local/plane.ts";
import { readItem } from "../support/local/targets.ts";
import { WEIGHT } from "../support/local/terms.ts";
import type { Told } from "./outcome.ts";

type Item = Readonly<Record<string, unknown>>;

/** What was found, and everything that should not be so. */
export interface Judged {
  readonly chains: number;
  readonly records: number;
  readonly identities: number;
  readonly stateItems: number;
  readonly problems: readonly string[];
}

/** Refusals that accuse nobody: written one by one, in sums, and still in the counter. */
export async function unattributedBefore(plane: LocalPlane): Promise<number> {
  const state = await scanned(plane, plane.outputs.tables.state);
  let sum = unwrittenOf(state, "unattributed");
  for (const chainId of chainsOf(state).filter((id) => id.startsWith("unattributed/"))) {
    sum += refusalsIn((await readChain(plane, chainId)).map(({ record }) => JSON.parse(record)));
  }
  return sum;
}

const keyOf = ({ pk, sk }: Item): string => `${pk}|${sk}`;

const chainsOf = (state: ReadonlyMap<string, Item>): string[] =>
  [...state.keys()].flatMap((key) => /^chain#(.*)\|head$/.exec(key)?.[1] ?? []);

const unwrittenOf = (state: ReadonlyMap<string, Item>, scope: string): number =>
  Number(state.get(`refusals#${scope}|counter`)?.["unwritten"] ?? 0);

/** Refusals that records tell of: each by itself, or as part of a sum. */
const refusalsIn = (records: readonly EvidenceRecord[]): number =>
  records.reduce((sum, { event, detail }) => {
    if (event.type === "RefusalsCounted") return sum + Number(detail["count"]);
    return event.type === "IdentityDenied" || event.type === "ExecutionRejected" ? sum + 1 : sum;
  }, 0);

/** A whole table, as its owner reads it. */
async function scanned(plane: LocalPlane, TableName: string): Promise<Map<string, Item>> {
  const items = new Map<string, Item>();
  let from: Record<string, never> | undefined;
  do {
    const page = await plane.deployer.dynamoDb.send(
      new ScanCommand({
        TableName,
        ConsistentRead: true,
        ...(from && { ExclusiveStartKey: from }),
      }),
    );
    for (const raw of page.Items ?? []) {
      const item = unmarshall(raw);
      items.set(keyOf(item), item);
    }
    from = page.LastEvaluatedKey as typeof from;
  } while (from !== undefined);
  return items;
}

export interface Played {
  readonly told: readonly Told[];
  /** Refusals that accuse nobody, before it began. */
  readonly before: number;
  /** Milliseconds. */
  readonly now: number;
  readonly isAlone: boolean;
}

/** Chains that are read and verified at once. */
const CHUNK = 100;

/** Everything that must be so when all is over, from verified evidence, State, the counters and the targets. */
export async function judge(plane: LocalPlane, played: Played): Promise<Judged> {
  const state = await scanned(plane, plane.outputs.tables.state);
  const judging = new Judging(plane, state, played, await publishedNow(plane));
  const own = new Set(played.told.map(({ chainId }) => chainId));
  const others = chainsOf(state).filter((id) => !own.has(id) && !id.startsWith("intent/"));
  const strangers = chainsOf(state).filter((id) => !own.has(id) && id.startsWith("intent/"));
  if (played.isAlone) judging.missing("chain that no action has", strangers);
  const ids = [...[...own].filter((id) => state.has(`chain#${id}|head`)), ...others];
  for (let at = 0; at < ids.length; at += CHUNK) await judging.look(ids.slice(at, at + CHUNK));
  await judging.conclude();
  return judging.result();
}

class Judging {
  readonly #plane: LocalPlane;
  readonly #state: ReadonlyMap<string, Item>;
  readonly #played: Played;
  readonly #policy: Awaited<ReturnType<typeof publishedNow>>["policy"];
  readonly #projected = new Set<string>();
  readonly #problems: string[] = [];
  readonly #byChain = new Map<string, Told[]>();
  #chains = 0;
  #records = 0;
  #identities = 0;
  #unattributed = 0;

  constructor(
    plane: LocalPlane,
    state: ReadonlyMap<string, Item>,
    played: Played,
    { policy }: Awaited<ReturnType<typeof publishedNow>>,
  ) {
    this.#plane = plane;
    this.#state = state;
    this.#played = played;
    this.#policy = policy;
    for (const told of played.told) {
      const known = this.#byChain.get(told.chainId) ?? [];
      this.#byChain.set(told.chainId, [...known, told]);
    }
  }

  result(): Judged {
    return {
      ...{ chains: this.#chains, records: this.#records, identities: this.#identities },
      ...{ stateItems: this.#state.size, problems: this.#problems },
    };
  }

  missing(what: string, ids: readonly string[]): void {
    if (ids.length > 0) this.#problems.push(`${what}: ${ids.slice(0, 5).join(", ")}`);
  }

  #say(where: string, what: string): void {
    const titles = this.#byChain.get(where)?.map(({ number, title }) => `${number} ${title}`) ?? [];
    this.#problems.push(`${what} (${where}; ${titles.slice(0, 2).join(", ")})`);
  }

  /** Some chains, from their verified records. */
  async look(ids: readonly string[]): Promise<void> {
    const { verdict, defects, chains } = await verifiedChains(this.#plane, ids);
    if (verdict !== "unanchored" || defects.length > 0) {
      this.#problems.push(`evidence is ${verdict}: ${defects.slice(0, 3).join("; ")}`);
    }
    for (const id of ids) {
      const records = (chains.get(id) ?? []).map(({ record }) => record);
      this.#chains += 1;
      this.#records += records.length;
      this.#judgeChain(id, records);
    }
    await Promise.all(ids.map((id) => this.#judgeState(id)));
    const told = ids.flatMap((id) => this.#byChain.get(id) ?? []);
    await Promise.all(told.map((each) => this.#judgeTarget(each)));
  }

  #judgeChain(id: string, records: readonly EvidenceRecord[]): void {
    const { issued, open, twice, unissued } = identityEnds(records);
    this.#identities += issued;
    if (open.length + twice.length + unissued.length > 0) {
      this.#say(id, `ends: open ${open}, twice ${twice}, never issued ${unissued}`);
    }
    if (id.startsWith("unattributed/")) this.#unattributed += refusalsIn(records);
    const told = this.#byChain.get(id);
    if (told === undefined) return;
    this.#judgeCounts(id, records, told, issued);
  }

  /** Answers against records: refusals, uses and denials. */
  #judgeCounts(
    id: string,
    records: readonly EvidenceRecord[],
    told: readonly Told[],
    issued: number,
  ): void {
    const [first] = told;
    const counted = unwrittenOf(this.#state, `refusals/${first?.digest}`);
    const refusals = refusalsIn(records) + counted;
    const wanted = sumOf(told.map((each) => each.refusals));
    if (wanted !== undefined && wanted !== refusals) {
      this.#say(id, `${wanted} refusals were answered, ${refusals} are counted`);
    }
    const uses = sumOf(told.map((each) => each.issued));
    if (uses === undefined ? issued > 1 : uses !== issued) {
      this.#say(id, `${uses} identities were granted, ${issued} are on record`);
    }
    const denials = sumOf(told.map((each) => each.denials)) ?? 0;
    const orders = records.filter(({ event }) => event.type === "RevocationRequested").length;
    const head = this.#state.get(`chain#${id}|head`);
    const marks = (head?.["marks"] ?? []) as readonly unknown[];
    if (denials !== orders || marks.length > 0 || Number(head?.["marked"] ?? 0) !== denials) {
      const marked = head?.["marked"];
      this.#say(
        id,
        `${denials} denials: ${orders} on record, marked ${marked}, ${marks.length} owed`,
      );
    }
  }

  /** State against what the chain's rows say by themselves. */
  async #judgeState(chainId: string): Promise<void> {
    const plane = parsePlaneId(this.#plane.outputs.plane);
    if (plane === undefined) throw new TypeError("a deployed plane has an id");
    const rows = await readChain(this.#plane, chainId);
    const chain = { plane: plane.id, chainId, keys: evidenceKeys(this.#policy) };
    const projected = projectChain(rows, chain, this.#played.now);
    if ("defect" in projected) return this.#say(chainId, `${projected.seq} ${projected.defect}`);
    for (const item of projectedItems(projected)) {
      const key = keyOf(item);
      const { marks: _, marked: __, ...stored } = this.#state.get(key) ?? {};
      this.#projected.add(key);
      if (!isDeepStrictEqual(stored, { ...item })) {
        this.#say(chainId, `State has another ${key}: ${JSON.stringify(stored).slice(0, 200)}`);
      }
    }
  }

  /** The target against what was answered and recorded. */
  async #judgeTarget({ chainId, item, isChanged }: Told): Promise<void> {
    const weight = (await readItem(this.#plane, item))?.["weight"];
    const isSo = isChanged === "unknown" ? [1, WEIGHT].includes(Number(weight)) : undefined;
    if (!(isSo ?? weight === (isChanged === true ? WEIGHT : 1))) {
      this.#say(chainId, `the item's weight is ${weight}`);
    }
  }

  /** What is about all of them. */
  async conclude(): Promise<void> {
    const { told, before, isAlone } = this.#played;
    const answered = sumOf(told.map((each) => each.unattributed)) ?? 0;
    const counted = this.#unattributed + unwrittenOf(this.#state, "unattributed") - before;
    const more = told.reduce((sum, each) => sum + each.mayBeUnattributed, 0);
    if (counted < answered || counted > answered + more) {
      this.#problems.push(`${answered} refusals accuse nobody, ${counted} are counted`);
    }
    for (const { number, title, surprise } of told) {
      if (surprise !== undefined) this.#problems.push(`${number} ${title}: ${surprise}`);
    }
    if (!isAlone) return;
    const strange = [...this.#state.keys()].filter(
      (key) => !this.#projected.has(key) && !/^(refusals|revoked)#/.test(key),
    );
    this.missing("State has what no record says", strange);
  }
}

/** `undefined` as soon as one of them is. */
const sumOf = (all: readonly (number | undefined)[]): number | undefined =>
  all.reduce<number | undefined>(
    (sum, each) => (sum === undefined || each === undefined ? undefined : sum + each),
    0,
  );
