import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Step } from "../../lib/contract/step.ts";
import { type IntentState, UNKNOWN_CONTRACT } from "../../lib/evidence/intent-state.ts";
import { waitsOf } from "../../lib/lifecycle/turn.ts";

/** What operators see a contract's steps wait for. */

const DIGEST = `sha256:${"1".repeat(64)}` as const;
const step = (id: string, more: object = {}): Step =>
  ({ id, type: "aws", actions: [], resources: [], parameters: {}, ...more }) as never;

const STEPS = [
  step("look"),
  step("shift", { after: ["look"], gate: "approval" }),
  step("fresh", { gate: "refreshContext" }),
  step("undo", { gate: "rollback" }),
];

interface Seen {
  readonly uses?: Readonly<Record<string, number>>;
  readonly opened?: readonly string[];
  /** State of the one identity of step `look`. */
  readonly look?: string;
  readonly of?: string;
}

function waits({ uses = {}, opened = [], look, of = DIGEST }: Seen = {}) {
  const view = { ...UNKNOWN_CONTRACT, uses: new Map(Object.entries(uses)), opened };
  const end = look === "IN_USE" ? undefined : { state: look };
  const identity = { contractDigest: of, step: "look", state: look, ...(end && { end }) };
  const state = {
    contracts: new Map([[DIGEST, view]]),
    identities: new Map(look === undefined ? [] : [["one", identity]]),
  } as unknown as IntentState;
  return waitsOf(state, { digest: DIGEST, steps: STEPS });
}

const BEHIND = [{ step: "shift", after: ["look"] }];
const GATE = [{ step: "shift", gate: "approval" }];

suite("what the steps of a contract wait for", () => {
  const CASES: readonly (readonly [name: string, seen: Seen, expected: readonly object[]])[] = [
    ["a step that comes behind another waits for that, not for people", {}, BEHIND],
    ["while that one runs", { look: "IN_USE" }, BEHIND],
    ["where that one failed", { look: "FAILED" }, BEHIND],
    [
      "of another contract it is no turn",
      { look: "COMPLETED", of: `sha256:${"2".repeat(64)}` },
      BEHIND,
    ],
    ["once its turn has come it waits for people", { look: "COMPLETED" }, GATE],
    ["an open gate waits for nobody", { look: "COMPLETED", opened: ["shift"] }, []],
    ["another step's gate is not its own", { look: "COMPLETED", opened: ["look"] }, GATE],
    ["a step whose uses are spent waits for nothing", { uses: { shift: 1 } }, []],
  ];
  for (const [name, seen, expected] of CASES) {
    test(`VAI-71 VAI-129 ${name}`, () => {
      assert.deepEqual(waits(seen), expected);
    });
  }
});
