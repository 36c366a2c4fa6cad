import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { judgeRollback } from "../../lib/authority/derive/judge-rollback.ts";
import { refusedUnder } from "../../lib/cli/foreseen.ts";
import { stepOf } from "../../lib/cli/operation.ts";
import { uselessBecause } from "../../lib/cli/usable.ts";
import { contractDraft, signContract } from "../../lib/client/contract.ts";
import { readContract, unsupportedMember } from "../../lib/contract/contract.ts";
import { judgeUndoable } from "../../lib/contract/judge.ts";
import { newPrivateJwk, signingKey } from "../../lib/index.ts";
import { isRefusal } from "../../lib/refusal.ts";
import type { TrustPolicy } from "../../lib/trust/policy.ts";
import { FUNCTION, govern, type Mutation } from "../support/governed.ts";
import { changed } from "../support/mutate.ts";
import { newPlane } from "../support/plane.ts";
import { ROLLBACK, rolling, rollingElsewhere } from "../support/rollback.ts";
import { PLANE } from "../support/trust.ts";
import { START } from "../support/world.ts";

const IDS = {
  intent: "0198c7d2-0000-7000-8000-000000000001",
  contract: "0198c7d2-0000-7000-8000-000000000002",
  decision: "0198c7d2-0000-7000-8000-000000000003",
};

const contractOf = (mutation: Mutation) => govern(IDS, START, mutation).contract;

/** How a contract differs from the usual one with a rollback, and where reading it ends. */
interface Case {
  readonly what: string;
  readonly set?: Readonly<Record<string, unknown>>;
  readonly remove?: readonly string[];
  readonly at?: string;
}

const UNDO = "/authorization_details/1";
const OPERATION = "/rollback/operation";
const PARAMETERS = `${OPERATION}/parameters`;

const READ: readonly Case[] = [
  { what: "a whole rollback" },
  { what: "handles besides", set: { "/deliveries": ["execute", "handle"] } },
  { what: "several obligations that are read back", set: { "/obligations/1": readBack("other") } },
  { what: "an operation at its total", set: withTotal(0) },
  { what: "calls of its step", set: { [`${UNDO}/limits`]: { calls: 2 } } },
  {
    what: "another parameter that may be left out",
    set: { [`${UNDO}/parameters/more`]: { absent: true } },
  },
];

const MALFORMED: readonly Case[] = [
  {
    what: "a condition that there is not",
    set: { "/rollback/when": "always" },
    at: "/rollback/when",
  },
  { what: "no condition", remove: ["/rollback/when"], at: "/rollback/when" },
  { what: "no step", remove: ["/rollback/step"], at: "/rollback/step" },
  { what: "no operation", remove: [OPERATION], at: OPERATION },
  { what: "a foreign member", set: { "/rollback/unless": "never" }, at: "/rollback/unless" },
  {
    what: "a foreign member of the operation",
    set: { [`${OPERATION}/more`]: 1 },
    at: `${OPERATION}/more`,
  },
  {
    what: "delivery credentials",
    set: { "/deliveries": ["execute", "credentials"] },
    at: "/deliveries/1",
  },
  {
    what: "delivery credentials alone",
    set: { "/deliveries": ["credentials"] },
    at: "/deliveries/0",
  },
  { what: "no obligation", remove: ["/obligations"], at: "/rollback/when" },
  { what: "an empty list of obligations", set: { "/obligations": [] }, at: "/rollback/when" },
  {
    what: "an event to be attested",
    set: { "/obligations/0/kind": "event" },
    at: "/obligations/0/kind",
  },
  {
    what: "an event beside a read-back",
    set: { "/obligations/1": { ...readBack("stable"), kind: "event" } },
    at: "/obligations/1/kind",
  },
  { what: "a step that is not there", set: { "/rollback/step": "other" }, at: `${UNDO}/gate` },
  { what: "a step without the gate", set: { "/rollback/step": "shift" }, at: `${UNDO}/gate` },
  { what: "its step without the gate", remove: [`${UNDO}/gate`], at: "/rollback/step" },
  {
    what: "its step behind an approval",
    set: { [`${UNDO}/gate`]: "approval" },
    at: "/rollback/step",
  },
  { what: "its step in an order", set: { [`${UNDO}/after`]: ["shift"] }, at: `${UNDO}/after` },
  {
    what: "a second step with the gate",
    set: { "/authorization_details/2": { ...undo(), id: "again" } },
    at: "/authorization_details/2/gate",
  },
  {
    what: "a step that comes behind it",
    set: { "/authorization_details/2": { ...undo(), id: "next", gate: "none", after: ["undo"] } },
    at: "/authorization_details/2/after/0",
  },
  { what: "the gate without a rollback", remove: ["/rollback"], at: `${UNDO}/gate` },
  {
    what: "another action",
    set: { [`${OPERATION}/action`]: "lambda:DeleteAlias" },
    at: `${OPERATION}/action`,
  },
  {
    what: "the action in other letters",
    set: { [`${OPERATION}/action`]: "lambda:updateAlias" },
    at: `${OPERATION}/action`,
  },
  {
    what: "another resource",
    set: { [`${OPERATION}/resource`]: `${FUNCTION}-b` },
    at: `${OPERATION}/resource`,
  },
  {
    what: "a value outside its constraint",
    set: { [`${PARAMETERS}/percent`]: 1 },
    at: `${PARAMETERS}/percent`,
  },
  {
    what: "a value of another type",
    set: { [`${PARAMETERS}/percent`]: "0" },
    at: `${PARAMETERS}/percent`,
  },
  { what: "a parameter left out", remove: [`${PARAMETERS}/version`], at: `${PARAMETERS}/version` },
  {
    what: "a parameter too many",
    set: { [`${PARAMETERS}/routing`]: "all" },
    at: `${PARAMETERS}/routing`,
  },
  {
    what: "a parameter by a name that everything inherits",
    set: { [`${PARAMETERS}/toString`]: "x" },
    at: `${PARAMETERS}/toString`,
  },
  { what: "more than its total", set: withTotal(10, 11), at: `${PARAMETERS}/percent` },
  { what: "less than nothing of its total", set: withTotal(10, -1), at: `${PARAMETERS}/percent` },
  { what: "a text where it is totalled", set: withTotal(10, "10"), at: `${PARAMETERS}/percent` },
];

function readBack(name: string) {
  return { kind: "readBack", name, dueSeconds: 60 };
}

function undo(): object {
  const steps = rolling().contract?.set?.["/authorization_details"] as readonly object[];
  return steps[1] ?? {};
}

/** The rollback's parameter is totalled, and any value of it meets its constraint. */
function withTotal(percent: number, value: unknown = percent) {
  return {
    [`${UNDO}/parameters/percent`]: { notOneOf: typeof value === "string" ? ["none"] : [99] },
    [`${UNDO}/limits`]: { totals: { percent } },
    [`${PARAMETERS}/percent`]: value,
  };
}

const read = ({ set = {}, remove = [] }: Pick<Case, "set" | "remove">) =>
  readContract(contractOf({ contract: { set: { ...rolling().contract?.set, ...set }, remove } }));

suite("VAI-34 a contract with a rollback", () => {
  for (const { what, set, remove } of READ) {
    test(`VAI-34 with ${what} is read, and this version supports it`, () => {
      const contract = read({ ...(set && { set }), ...(remove && { remove }) });
      assert.ok(!isRefusal(contract), JSON.stringify(contract));
      assert.equal(unsupportedMember(contract.claims), undefined);
      assert.equal(judgeRollback(contract.claims), undefined);
    });
  }

  for (const { what, set, remove, at } of MALFORMED) {
    test(`VAI-34 with ${what} is CONTRACT_MALFORMED at ${at}`, () => {
      const contract = read({ ...(set && { set }), ...(remove && { remove }) });
      assert.ok(isRefusal(contract));
      assert.deepEqual([contract.code, contract.pointer], ["CONTRACT_MALFORMED", `/contract${at}`]);
    });
  }

  test("VAI-34 whose operation its action's own rules forbid is CONTRACT_MALFORMED, for the plane and for whoever signs it", () => {
    const attribute = "set/weight";
    const elsewhere = rollingElsewhere();
    const jws = contractOf({
      contract: {
        set: {
          ...elsewhere.contract?.set,
          [`${UNDO}/parameters`]: { "set/weight": { exact: 1 } },
          [PARAMETERS]: { [attribute]: 1 },
        },
      },
    });
    const contract = readContract(jws);
    assert.ok(!isRefusal(contract), JSON.stringify(contract));
    const refusal = judgeRollback(contract.claims);
    assert.equal(refusal?.code, "CONTRACT_MALFORMED");
    assert.match(String(refusal?.pointer), /^\/contract\/rollback\/operation\/parameters/);
    assert.ok(uselessBecause(String(jws)));
  });

  test("VAI-146 one of whose actions is only observed is refused where a policy is at hand, wherever it stands in the step", () => {
    const contract = read({});
    assert.ok(!isRefusal(contract));
    const policy = {
      actions: [{ action: "lambda:UpdateAlias", risk: "LOW", readerRoleArn: "r", mode: "observe" }],
    } as unknown as TrustPolicy;
    const refusal = judgeUndoable(contract.claims, policy);
    assert.deepEqual(
      [refusal?.code, refusal?.pointer],
      ["ACTION_UNREGISTERED", `/contract${UNDO}/actions/0`],
    );
    const enforced = changed(policy, { remove: ["/actions/0/mode"] }, START);
    assert.equal(judgeUndoable(contract.claims, enforced), undefined);
    const { rollback: _, ...without } = contract.claims;
    assert.equal(judgeUndoable(without, policy), undefined);
  });
});

suite("VAI-34 a contract with a rollback, as people write it", () => {
  const key = () => signingKey(newPrivateJwk());
  const draft = (change: object = {}) =>
    contractDraft.parse({
      ...{ purpose: "shift 10 %", actor: { id: "agent", kind: "agent" }, risk: "LOW" },
      steps: rolling().contract?.set?.["/authorization_details"],
      obligations: [readBack("routing")],
      rollback: ROLLBACK,
      window: { seconds: 300 },
      ...change,
    });
  const sign = (change: object = {}) =>
    signContract(draft(change), {
      plane: PLANE,
      issuer: { name: "governance.example", key: key() },
      decider: { name: "policy.example", key: key() },
      executor: "A".repeat(43),
      policy: { id: "baseline", version: "1", digest: `sha256:${"17".repeat(32)}` },
      now: START,
      newId: () => IDS.intent,
    });

  test("VAI-34 is signed with it, and the step that somebody means is not that of the rollback", () => {
    const { contract: jws } = sign();
    assert.equal(uselessBecause(jws), undefined);
    const contract = readContract(jws);
    assert.ok(!isRefusal(contract), JSON.stringify(contract));
    assert.deepEqual(contract.claims.rollback, ROLLBACK);
    assert.equal(stepOf(contract.claims, undefined).id, "shift");
    assert.equal(stepOf(contract.claims, "undo").id, "undo");
  });

  test("VAI-146 is not signed for a plane that only observes the rollback's action", async () => {
    const plane = await newPlane();
    const { contract, proof } = plane.contract(rolling());
    const held = { contract, proof } as never;
    assert.equal(refusedUnder(held, plane.policy, START), undefined);
    const observing = changed(plane.policy, { set: { "/actions/0/mode": "observe" } }, START);
    assert.equal(refusedUnder(held, observing, START)?.code, "ACTION_UNREGISTERED");
  });
});
