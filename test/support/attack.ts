import type { PlainJson } from "../../lib/actions/plain-answer.ts";
import { documentDigest } from "../../lib/encoding/canonical-json.ts";
import type { Answer, RefusedAnswer } from "../../lib/enforcement/answer.ts";
import type { CommandAnswer } from "../../lib/enforcement/commands/command.ts";
import { readTrust } from "../../lib/enforcement/read/registry.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import { type HandleClaims, signHandle } from "../../lib/issuance/handle.ts";
import type { PlannedFault } from "./faults.ts";
import { forge, type SignedChange } from "./forge.ts";
import type { Governed, Mutation } from "./governed.ts";
import { type Change, changed, resolved } from "./mutate.ts";
import { granted, newPlane, type Plane, refused } from "./plane.ts";
import { restrict } from "./restrict.ts";

/** An item of a table edited by somebody who can write tables and holds no key. */
export interface TableEdit {
  readonly table: "evidence" | "state" | "registry";
  /** Partition and sort key, joined by `|`; `$chain` and `$last` stand for the intent's chain and its last number. */
  readonly key: string;
  readonly set?: Readonly<Record<string, unknown>>;
  readonly remove?: true;
}

/** One attack: what is there before, how the valid request is mutated, what happens beside it. */
export interface Attack {
  /** Change of the first trust policy. */
  readonly policy?: Change;
  readonly publish?: false;
  /** Served by a process that has served nothing before: it reads every document anew. */
  readonly cold?: true;
  /** Seconds that pass before the contract is made. */
  readonly wait?: number;
  /** Requests under the same ids that were granted before, each with its own mutation. */
  readonly history?: readonly (Mutation & { readonly fails?: readonly PlannedFault[] })[];
  /** Commands of operators that have had their effect before. */
  readonly orders?: readonly Claims[];
  /** How the restrictions in force differ, sealed, by what no command of this version does. */
  readonly restrictions?: Change;
  readonly tables?: readonly TableEdit[];
  readonly mutate?: Mutation;
  /** Instead of a request: the next trust policy and the command around it, mutated. */
  readonly govern?: { readonly trustPolicy?: SignedChange; readonly event?: Change };
  /** Instead of a request: a command of an operator to `revoke` or `govern`, mutated. */
  readonly order?: Order;
  /** Instead of a request: a handle is issued for it, and its redemption is the attack. */
  readonly redeem?: Redemption;
  /** What assumptions see while this request is served, by read: one answer after the other. */
  readonly sees?: Readonly<Record<string, PlainJson[]>>;
  /** Seconds that pass between signing and asking. */
  readonly clock?: number;
  /** Dependencies that fail while this request is served. */
  readonly fails?: readonly PlannedFault[];
  /** Every action is only observed from then on: after what happened before, or from the first policy on. */
  readonly observed?: "since the first policy" | "later";
}

type Claims = Parameters<Plane["command"]>[0];

/** A command's own members, and how it differs from one that an operator signs; `cosign`: it has a second name. */
interface Order {
  readonly to: "revoke" | "govern";
  readonly claims: Claims;
  readonly change?: SignedChange;
  readonly cosign?: SignedChange;
  readonly event?: Change;
}

/** How a redemption differs from the valid one, after a handle was issued. */
interface Redemption {
  /** Redemptions of the same handle before this one. */
  readonly before?: readonly (Mutation & { readonly fails?: readonly PlannedFault[] })[];
  /** The handle's claims changed and signed again, by the plane key unless it says by whom. */
  readonly handle?: SignedChange;
  readonly request?: SignedChange;
  readonly event?: Change;
}

/** `$governance` is the digest of the thresholds of the plane's first policy: what a decision was taken under. */
function underThresholds(
  { policy }: Plane,
  { mutate, history }: Attack,
): Pick<Attack, "mutate" | "history"> {
  const digest = JSON.stringify(documentDigest(policy.governance));
  return JSON.parse(JSON.stringify({ mutate, history }).replaceAll('"$governance"', digest));
}

/** Everything that an attack left behind. */
export interface Aftermath {
  readonly plane: Plane;
  readonly answer: RefusedAnswer;
  /** Records written by the attack, by chain. */
  readonly written: ReadonlyMap<string, readonly EvidenceRecord[]>;
  readonly chainId: string;
  readonly spent: {
    readonly executions: number;
    readonly calls: number;
    readonly uses: number;
    readonly retryKeys: number;
    readonly isTargetChanged: boolean;
  };
}

export async function attackPlane(given: Attack): Promise<Aftermath> {
  const { policy, publish, wait = 0, tables = [] } = given;
  const first = given.observed === "since the first policy" ? watching(policy) : policy;
  const plane = await newPlane({ policy: first, ...(publish === false && { publish }) });
  const attack = { ...given, ...underThresholds(plane, given) };
  const { history = [] } = attack;
  plane.isWhole = tables.length === 0;
  // As a process that has served before: what it knows whom to believe by, it can seal a refusal under.
  if (publish !== false) await readTrust(plane.deps);
  plane.world.pass(wait);
  const governed = plane.contract(attack.mutate);
  for (const { fails, ...mutation } of history) {
    plane.faults.plan(...(fails ?? []));
    const own = plane.contract(mutation, governed);
    await plane.grant(mutation, own);
    plane.faults.clear();
  }
  const event = await eventOf(plane, governed, attack);
  if (attack.observed === "later") {
    await plane.publish(watching());
    await readTrust(plane.deps);
  }
  for (const claims of attack.orders ?? []) await ordered(plane, claims);
  if (attack.restrictions !== undefined) await restrict(plane, attack.restrictions);
  for (const edit of tables) editTable(plane, governed, edit);
  plane.world.pass(attack.clock ?? 0);
  const before = witness(plane, governed);
  for (const [read, answers] of Object.entries(attack.sees ?? {})) {
    plane.targets.answers.set(read, answers);
  }
  plane.faults.plan(...(attack.fails ?? []));
  if (attack.cold === true) plane.deps = plane.process();
  const answer = refused(await send(plane, attack, event));
  plane.faults.clear();
  const after = witness(plane, governed);
  const { chainId } = governed;
  return {
    plane,
    answer,
    written: newRecords(plane, before, after),
    chainId,
    spent: spent(before, after),
  };
}

/** A trust policy by which nothing is done any more. */
const watching = (change: Change = {}): Change => ({
  ...change,
  set: { ...change.set, "/actions/0/mode": "observe", "/actions/1/mode": "observe" },
});

function send(
  plane: Plane,
  { govern, order, redeem }: Attack,
  event: unknown,
): Promise<Answer | CommandAnswer> {
  if (order !== undefined) return plane[order.to](event);
  if (govern !== undefined) return plane.govern(event);
  return redeem === undefined ? plane.issue(event) : plane.execute(event);
}

async function eventOf(plane: Plane, governed: Governed, attack: Attack): Promise<unknown> {
  if (attack.govern !== undefined) return commandOf(plane, attack.govern);
  if (attack.order !== undefined) return orderOf(plane, attack.order);
  const event = plane.event(governed, attack.mutate);
  if (attack.redeem === undefined) return event;
  const { handle } = granted(await plane.issue(event));
  for (const { fails, ...mutation } of attack.redeem.before ?? []) {
    plane.faults.plan(...(fails ?? []));
    await plane.execute(plane.redemption(governed, handle, mutation));
    plane.faults.clear();
  }
  const { handle: change, ...mutation } = attack.redeem;
  const presented = change === undefined ? handle : await remade(plane, handle, change);
  return plane.redemption(governed, presented, mutation);
}

/** A handle with other claims or by another hand. */
async function remade(plane: Plane, handle: unknown, change: SignedChange): Promise<unknown> {
  const [, payload = ""] = String(handle).split(".");
  const claims: object = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
  if (change.signedBy !== undefined || change.tamper !== undefined || "text" in change) {
    return forge(
      "vai-identity+jwt",
      claims,
      change.signedBy ?? "stranger",
      change,
      plane.world.now,
    );
  }
  const other = changed(claims, change, plane.world.now);
  return signHandle(other as HandleClaims, plane.deps.planeSigner);
}

function commandOf(plane: Plane, { trustPolicy, event }: NonNullable<Attack["govern"]>): unknown {
  const { jws } = plane.nextPolicy(trustPolicy);
  const command = { op: "publishTrustPolicy", trustPolicy: jws };
  return changed(command as unknown, event, plane.world.now);
}

/** The event of a command; both names sign the same claims. */
function orderOf(plane: Plane, { to, claims, change, cosign, event }: Order): unknown {
  const same = { jti: plane.world.newId(), ...known(plane, claims) };
  const order = {
    ...(to === "govern" && { op: "command" }),
    command: plane.command(same, change),
    ...(cosign !== undefined && {
      cosign: plane.command(same, { signedBy: "otherOperator", ...cosign }),
    }),
  };
  return changed(order as unknown, event, plane.world.now);
}

const known = (plane: Plane, claims: Claims): Claims => resolved(claims, plane.world.now) as Claims;

async function ordered(plane: Plane, claims: Claims): Promise<void> {
  const answer = await plane.revoke({ command: plane.command(known(plane, claims)) });
  if (!answer.ok) throw new Error(`was refused: ${JSON.stringify(answer)}`);
}

function editTable(plane: Plane, { chainId }: Governed, edit: TableEdit): void {
  const table = plane.dynamo.table(edit.table);
  const last = plane.rows(chainId).length;
  const key = edit.key.replace("$chain", chainId).replace("$last", String(last));
  if (edit.remove === true) {
    if (!table.delete(key)) throw new Error(`no item ${key} to remove`);
    return;
  }
  const [hash, range] = key.split("|");
  const names = edit.table === "evidence" ? ["chainId", "seq"] : ["pk", "sk"];
  const bare = {
    [names[0] ?? ""]: hash,
    [names[1] ?? ""]: edit.table === "evidence" ? Number(range) : range,
  };
  table.set(key, {
    ...(table.get(key) ?? bare),
    ...(resolved(edit.set ?? {}, plane.world.now) as object),
  });
}

interface Witness {
  readonly seqs: ReadonlyMap<string, number>;
  readonly effects: ReturnType<Plane["effects"]>;
  readonly uses: number;
}

function witness(plane: Plane, { chainId }: Governed): Witness {
  const seqs = new Map(plane.chains().map((id) => [id, plane.rows(id).length]));
  return { seqs, effects: plane.effects(), uses: usesOf(plane, chainId) };
}

/** Issuances that the chain tells of; of a chain that does not hold, what its rows claim. */
const usesOf = (plane: Plane, chainId: string): number =>
  plane.rows(chainId).filter(({ eventType }) => eventType === "IdentityIssued").length;

function newRecords(plane: Plane, before: Witness, after: Witness): Aftermath["written"] {
  const grown = [...after.seqs].filter(([id, seq]) => seq > (before.seqs.get(id) ?? 0));
  return new Map(grown.map(([id]) => [id, plane.records(id).slice(before.seqs.get(id) ?? 0)]));
}

const spent = (before: Witness, after: Witness): Aftermath["spent"] => ({
  executions: after.effects.executions - before.effects.executions,
  calls: after.effects.calls - before.effects.calls,
  uses: after.uses - before.uses,
  retryKeys: after.effects.retryKeys - before.effects.retryKeys,
  isTargetChanged: JSON.stringify(after.effects.target) !== JSON.stringify(before.effects.target),
});
