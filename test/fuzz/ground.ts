import { isDeepStrictEqual } from "node:util";
import { serveEvent } from "../../lib/aws/function/entry.ts";
import { DELEGABLE, handOn } from "../support/delegating.ts";
import { HANDLE } from "../support/deliveries.ts";
import type { Governed } from "../support/governed.ts";
import { KEYS } from "../support/keys.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import { high } from "../support/people.ts";
import { newPlane, PLANES, type Plane } from "../support/plane.ts";
import { PLANE } from "../support/trust.ts";
import type { Others } from "./signed.ts";

export type FunctionName = "issue" | "execute" | "delegate" | "revoke" | "govern" | "sweep";

type Item = Readonly<Record<string, unknown>>;
type Tables = ReadonlyMap<string, ReadonlyMap<string, Item>>;

/** What a refusal may leave: that it was asked for by whom, for which intent, and what was wrong with it. */
const OF_A_REFUSAL: ReadonlySet<unknown> = new Set([
  ...["IntentSubmitted", "ContextEvaluated", "PolicyEvaluated", "ContextInvalidated"],
  // A contract with a good proof is bound by its first request, whatever becomes of that.
  "ContractBound",
  ...["IdentityRequested", "IdentityDenied", "ExecutionRejected", "ProofRejected"],
  ...["ViolationDetected", "RefusalsCounted", "DelegationRequested", "DelegationRejected"],
]);

interface HandedOn {
  readonly governed: Governed;
  readonly chain: readonly string[];
}

/**
 * A plane in which something can be ended: an intent with a bound contract and an open identity, and a second policy to
 * publish. Each input meets it as it was.
 */
export class Ground {
  readonly plane: Plane;
  /** A contract with an open identity, and its handle. */
  readonly held: Governed & { readonly handle: string; readonly identityId: string };
  /** A registered contract of class HIGH that waits for people, its step behind a gate. */
  readonly waiting: Governed;
  /** A contract of which part was handed on to `refunds`; the chain root first. */
  readonly handedOn: HandedOn;
  readonly others: Others;
  readonly #good: Tables;

  private constructor(
    plane: Plane,
    { held, waiting, handedOn }: Pick<Ground, "held" | "waiting" | "handedOn">,
  ) {
    this.plane = plane;
    this.held = held;
    this.waiting = waiting;
    this.handedOn = handedOn;
    this.others = othersOf(plane, held);
    this.#good = this.tables();
  }

  static async open(): Promise<Ground> {
    const plane = await newPlane({ isGolden: true });
    // Whoever edits its tables cannot promise that every identity ends.
    plane.isWhole = false;
    PLANES.splice(PLANES.indexOf(plane), 1);
    const governed = plane.contract(HANDLE);
    const { handle = "", identity } = await plane.grant(HANDLE, governed);
    const { identityId } = identity;
    const gate = { contract: { set: { "/authorization_details/0/gate": "approval" } } };
    const waiting = plane.contract(high(plane, gate));
    const { contract, proof } = waiting;
    const bound = await plane.govern({ op: "register", contract, proof });
    if (!bound.ok) throw new Error(bound.detail);
    const continued = plane.contract(DELEGABLE);
    const { chain } = await handOn(plane, continued);
    const handedOn = { governed: continued, chain };
    return new Ground(plane, { held: { ...governed, handle, identityId }, waiting, handedOn });
  }

  /** What every table holds. Items are replaced, never written into. */
  tables(): Tables {
    return new Map([...this.plane.dynamo.tables].map(([name, items]) => [name, new Map(items)]));
  }

  /** As it was before any input, for a process that has served nothing. */
  restore(): void {
    for (const [name, items] of this.#good) {
      const table = this.plane.dynamo.table(name);
      table.clear();
      for (const [key, item] of items) table.set(key, { ...item });
    }
    this.plane.iam.puts.length = 0;
    this.plane.targets.calls.length = 0;
    this.plane.sts.executions.length = 0;
    this.plane.deps = this.plane.process();
  }

  ask(by: FunctionName, event: unknown): Promise<object> {
    return by === "sweep" ? this.plane.sweep() : this.plane[by](event);
  }

  /** As Lambda gives it to the function, with what the function writes to its log. */
  async serve(by: Exclude<FunctionName, "govern" | "sweep">, event: unknown) {
    const lines: string[] = [];
    const context = {
      ...{ awsRequestId: "0198c7d2-0000-7000-8000-00000000ffff", functionName: `plane-${by}` },
      getRemainingTimeInMillis: () => 30_000,
    };
    const telemetry = {
      clock: this.plane.world.clock,
      log: (line: string) => void lines.push(line),
    };
    const answer = await serveEvent(event, context, telemetry, (body) => this.plane[by](body));
    return { answer, lines };
  }
}

/** The text of every record that was written since. */
export const writtenSince = (before: Tables, { plane }: Ground): string[] =>
  [...plane.dynamo.table(TABLES.evidence)].flatMap(([key, { record }]) =>
    before.get(TABLES.evidence)?.has(key) === true ? [] : [String(record)],
  );

/** What a refusal has changed that it must not: a document, a mark, a key, another chain than its own. */
export function changeProblem(before: Tables, after: Tables): string | undefined {
  for (const [name, items] of after) {
    const known = before.get(name) ?? new Map<string, Item>();
    const gone = [...known.keys()].find((key) => !items.has(key));
    if (gone !== undefined) return `${name} lost ${gone}`;
    for (const [key, item] of items) {
      const was = known.get(key);
      if (was !== item && !isOfRefusal(name, key, was, item))
        return `${name} has another ${key} ${item["eventType"]}`;
    }
  }
  return undefined;
}

function isOfRefusal(table: string, key: string, was: Item | undefined, item: Item): boolean {
  if (isDeepStrictEqual(was, item)) return true;
  if (table === TABLES.registry) return false;
  if (table === TABLES.evidence) return was === undefined && OF_A_REFUSAL.has(item["eventType"]);
  if (key.startsWith("refusals#")) return true;
  // The end of the chain that the record is on.
  const isHead = /^chain#(unattributed|intent)\/.*\|head$/.test(key);
  if (was === undefined && /^(contract|contract-id|executor)#/.test(key)) return true;
  const known = was ?? { pk: item["pk"], sk: item["sk"] };
  return isHead && isDeepStrictEqual(withoutEnd(known), withoutEnd(item));
}

/** Without what follows from its records: its end, and what operators see. */
const withoutEnd = ({ seq: _, hash: __, view: ___, due: ____, open: _____, ...rest }: Item): Item =>
  rest;

function othersOf(plane: Plane, held: Ground["held"]): Others {
  const { policy, world } = plane;
  const seconds = Math.floor(world.now / 1000);
  const objects = [
    ...[held.contract, (held.proof as { decision: unknown }).decision, held.handle],
    (plane.event(held) as { request: unknown }).request,
    ...[plane.command({ do: "haltPlane" }), plane.nextPolicy().jws],
  ].map(String);
  return {
    objects,
    values: [
      ...[PLANE, "vai:000000000000:us-east-1:other", held.chainId, held.identityId],
      ...[held.contractDigest, plane.policyDigest, `sha256:${"17".repeat(32)}`],
      ...Object.values(KEYS).map(({ thumbprint }) => thumbprint),
      ...Object.values(KEYS).map(({ jwk }) => jwk),
      ...policy.issuers.map(({ name }) => name),
      ...policy.deciders.map(({ name }) => name),
      ...["olga", "otto", "monitor", "anna", "ada", "observer"],
      ...policy.actions.flatMap((each) => [each.action, each.executionRoleArn]),
      ...["revokeIdentity", "revokeContract", "signal", "haltActor", "haltPlane", "resumePlane"],
      ...["revokeKey", "revokePlaneKey", "reinstateActor", "liftQuarantine", "reviewBreakGlass"],
      ...["LOW", "HIGH", "CRITICAL", "ALLOW", "CONSTRAIN", "DENY", "actor", "plane", "agent"],
      ...["execute", "handle", "credentials", "unbounded", "approval", "rollback", "risk"],
      ...[seconds, seconds - 61, seconds + 61, seconds + 300, seconds + 900, 253402300799],
      ...[{ exact: "7" }, { range: { min: 0, max: 100 } }, { any: true }, { all: [] }],
      ...[["execute"], ["handle", "execute"], ["signal"], policy.planeKeys, policy.actions],
      ...objects,
    ],
  };
}
