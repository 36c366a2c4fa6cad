import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { appendToIntent, ready } from "../../lib/enforcement/barriers/append.ts";
import { Judgement } from "../../lib/enforcement/judgement.ts";
import { readIntent } from "../../lib/enforcement/read/intent.ts";
import { readTrust } from "../../lib/enforcement/read/registry.ts";
import { EVENT_TYPES, type EventType } from "../../lib/evidence/events.ts";
import type { RecordDraft } from "../../lib/evidence/record.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { HANDLE } from "../support/deliveries.ts";
import type { Governed, Mutation } from "../support/governed.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import { newPlane, type Plane } from "../support/plane.ts";

/*
 * Through every stage of `issue` and `execute`: whatever record the plane appends to a chain, and whatever anybody
 * writes into State as marks, an identity that has ended or was denied is redeemed no more, and a contract that has
 * ended, or a use or a total that is spent, comes back to nobody.
 */

interface History {
  readonly plane: Plane;
  readonly governed: Governed;
  readonly mutation: Mutation;
  readonly handle: unknown;
}

const TWO: Mutation = {
  contract: {
    set: {
      "/deliveries": ["handle"],
      "/authorization_details/0/limits": { calls: 2, totals: { percent: 10 } },
    },
  },
  request: { set: { "/delivery": "handle" } },
};

async function granted(mutation: Mutation): Promise<History> {
  const plane = await newPlane();
  plane.isWhole = false;
  const governed = plane.contract(mutation);
  const { handle } = await plane.grant(mutation, governed);
  return { plane, governed, mutation, handle };
}

const order = async ({ plane }: History, claims: Parameters<Plane["command"]>[0]) => {
  const answer = await plane.revoke({ command: plane.command(claims) });
  assert.ok(answer.ok, JSON.stringify(answer));
};

/** Each leaves nothing that may be asked for or redeemed. */
const HISTORIES: Readonly<Record<string, () => Promise<History>>> = {
  "a use and a total are spent": async () => {
    const history = await granted(TWO);
    const { plane, governed, handle } = history;
    assert.ok((await plane.execute(plane.redemption(governed, handle))).ok);
    return history;
  },
  "the contract is revoked": async () => {
    const history = await granted(TWO);
    const { contractDigest } = history.governed;
    await order(history, { do: "revokeContract", contractDigest });
    return history;
  },
  "the only identity is revoked": async () => {
    const history = await granted(HANDLE);
    const [identityId] = history.plane.state(history.governed.chainId).identities.keys();
    await order(history, { do: "revokeIdentity", identityId });
    return history;
  },
  "the contract is violated": async () => {
    const history = await granted(TWO);
    const { plane, governed, handle } = history;
    const beyond = { request: { set: { "/operation/parameters/percent": 100 } } };
    await plane.execute(plane.redemption(governed, handle, beyond));
    return history;
  },
  "an execution failed": async () => {
    const history = await granted(TWO);
    const { plane, governed, handle } = history;
    plane.faults.plan({ at: "target:call", how: "throttle" });
    await plane.execute(plane.redemption(governed, handle));
    plane.faults.clear();
    return history;
  },
};

/** One further record, sealed by the plane itself: of any type, about what is known or not, saying anything. */
interface Further {
  readonly type: EventType;
  readonly isKnown: boolean;
  readonly detail: Record<string, unknown>;
}
const further: fc.Arbitrary<Further> = fc.record({
  type: fc.constantFrom(...EVENT_TYPES),
  isKnown: fc.boolean(),
  detail: fc.record(
    {
      state: fc.constantFrom("ISSUED", "IN_USE", "COMPLETED", "EXPIRED"),
      outcome: fc.record({ status: fc.constantFrom("succeeded", "failed", "unknown") }),
      endsContract: fc.constantFrom("REVOKED", "VIOLATED"),
      step: fc.constantFrom("shift", "other"),
      totals: fc.constantFrom({}, { percent: -10 }, { percent: 5 }),
      do: fc.constantFrom("signal", "resumePlane", "revokeIdentity"),
      point: fc.constant("adapter"),
      requestedAt: fc.constant("2026-05-05T04:00:12.345Z"),
      issuedAt: fc.constant("2026-05-05T04:00:12.345Z"),
      expiresAt: fc.constant("2030-01-01T00:00:00.000Z"),
      delivery: fc.constantFrom("handle", "execute", "credentials"),
      executor: fc.string(),
      sessionName: fc.string(),
    },
    {
      requiredKeys: [
        ...(["totals", "issuedAt", "expiresAt", "step"] as const),
        ...(["delivery", "executor", "sessionName"] as const),
      ],
    },
  ),
});

const mark = fc.record(
  {
    at: fc.integer(),
    code: fc.constantFrom("CONTRACT_REVOKED", "DECISION_SUPERSEDED", "CONTRACT_CONSUMED", "OK"),
    trigger: fc.constantFrom("operator", "completed", "nothing"),
    by: fc.string(),
    contractDigest: fc.constantFrom("$contract", `sha256:${"0".repeat(64)}`),
  },
  { requiredKeys: ["at", "code", "trigger", "contractDigest"] },
);
/** What stands on the head instead of what the plane left there, `undefined` for nothing. */
const marks = fc.record({
  marks: fc.oneof(fc.constant(undefined), fc.array(mark, { maxLength: 3 }), fc.jsonValue()),
  marked: fc.oneof(fc.constant(undefined), fc.nat(), fc.string()),
});

async function append({ plane, governed }: History, next: Further): Promise<void> {
  const { trust } = await readTrust(plane.deps);
  assert.ok(!isRefusal(trust));
  const intent = await readIntent(plane.deps, governed.chainId, trust);
  assert.ok(!isRefusal(intent));
  const [known] = intent.state.identities.values();
  assert.ok(known);
  const judgement = new Judgement(plane.deps, plane.invocation(), [], {});
  judgement.believe(trust);
  const about = {
    contract: { id: known.contractId, digest: known.contractDigest },
    identity: { id: next.isKnown ? known.identityId : plane.world.newId() },
  };
  const draft = { type: next.type, about, detail: next.detail } as unknown as RecordDraft;
  const done = await appendToIntent(judgement, intent, {
    prepare: () => ready({ drafts: [draft] }),
  });
  assert.equal(done.kind, "appended");
}

function setMarks(
  { plane, governed }: History,
  { marks, marked }: { readonly marks: unknown; readonly marked: unknown },
): void {
  const head = plane.dynamo.table(TABLES.state).get(`chain#${governed.chainId}|head`);
  assert.ok(head);
  const text = JSON.stringify(marks)?.replaceAll("$contract", governed.contractDigest);
  for (const [name, value] of [
    ["marks", text && JSON.parse(text)],
    ["marked", marked],
  ] as const) {
    if (value === undefined) delete head[name];
    else head[name] = value;
  }
}

suite("what has ended comes back to nobody", () => {
  for (const [what, begin] of Object.entries(HISTORIES)) {
    test(`VAI-66 VAI-69 VAI-115 ${what}: no record and no mark gives it back`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.option(further), marks, fc.boolean(), async (next, mark, isCold) => {
          const history = await begin();
          const { plane, governed, mutation, handle } = history;
          if (next !== null) await append(history, next);
          setMarks(history, mark);
          if (isCold) plane.deps = plane.process();
          const before = plane.effects();
          const asked = await plane.ask(mutation, governed);
          const redeemed = await plane.execute(plane.redemption(governed, handle));
          assert.deepEqual([asked.ok, redeemed.ok], [false, false]);
          const after = plane.effects();
          assert.equal(after.executions, before.executions);
          assert.deepEqual(after.target, before.target);
        }),
        { numRuns: 25 },
      );
    });
  }
});
