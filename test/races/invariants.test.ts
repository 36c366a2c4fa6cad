import assert from "node:assert/strict";
import { before, suite, test } from "node:test";
import type { RefusedAnswer } from "../../lib/enforcement/answer.ts";
import type { RefusalCode } from "../../lib/refusal.ts";
import { explorePreemptions } from "../support/schedule/preempt.ts";
import type { Step } from "../support/schedule/scheduler.ts";
import { INVARIANTS, violationsOf } from "./invariants.ts";
import { type Played, type Race, Stage } from "./races.ts";
import { look, type Seen } from "./seen.ts";

/** The first schedule of a race, undisturbed: the use, and the denial behind it. */
async function goodDay(race: Race): Promise<Seen> {
  const stage = await Stage.of(race);
  let seen: Seen | undefined;
  let played: Played | undefined;
  const begin = async () => {
    played = await stage.begin();
    return played.scheduler;
  };
  const onEnd = async (): Promise<boolean> => {
    seen = played && (await look(played));
    return false;
  };
  await explorePreemptions(begin, onEnd, { most: 0, shared: stage.shared });
  assert.ok(seen);
  return seen;
}

const withSteps = (seen: Seen, change: (step: Step, index: number) => Step[]): Seen => ({
  ...seen,
  steps: seen.steps.flatMap(change),
});
const writing = (type: string) => (step: Step) => step.writes.includes(type);
/** What one course did at once comes behind everything else. */
const last = (seen: Seen, which: (step: Step) => boolean): Seen => ({
  ...seen,
  steps: [...seen.steps.filter((step) => !which(step)), ...seen.steps.filter(which)],
});
const without = (seen: Seen, type: string): Seen => ({
  ...seen,
  records: seen.records.filter(({ event }) => event.type !== type),
});

type Bad = readonly [invariant: string, what: string, bad: (seen: Seen) => Seen];

const BAD: readonly Bad[] = [
  [
    "the bounded call is made at most once, and behind its barrier 2",
    "the same call again",
    (seen) => withSteps(seen, (step) => (step.at === "target:call" ? [step, step] : [step])),
  ],
  [
    "the bounded call is made at most once, and behind its barrier 2",
    "the transaction of barrier 2 was lost",
    (seen) =>
      withSteps(seen, (step) =>
        writing("ExecutionStarted")(step) ? [{ ...step, isDone: false }] : [step],
      ),
  ],
  [
    "nothing is begun behind a denial, or without a look for one",
    "barrier 1 behind the mark",
    (seen) => last(seen, writing("IdentityIssued")),
  ],
  [
    "nothing is begun behind a denial, or without a look for one",
    "barrier 2 behind the mark",
    (seen) => last(seen, writing("ExecutionStarted")),
  ],
  [
    "nothing is begun behind a denial, or without a look for one",
    "the heads are not read again",
    (seen) => withSteps(seen, (step) => (step.id === "use heads:read 2" ? [] : [step])),
  ],
  [
    "every session is on record, whatever became of it",
    "a session of which nothing says",
    (seen) => without(seen, "CredentialsMinted"),
  ],
  [
    "one terminal record an identity",
    "none",
    (seen) => without(without(seen, "IdentityCompleted"), "IdentityRevoked"),
  ],
  [
    "one terminal record an identity",
    "two",
    (seen) => ({
      ...seen,
      records: seen.records.flatMap((record) =>
        record.event.type === "IdentityCompleted" ? [record, record] : [record],
      ),
    }),
  ],
  [
    "a denial is recorded, and names who ordered it",
    "no record",
    (seen) => without(seen, "RevocationRequested"),
  ],
  [
    "a denial is recorded, and names who ordered it",
    "sweep is not done",
    (seen) => ({ ...seen, unswept: 1 }),
  ],
  [
    "a denial is recorded, and names who ordered it",
    "it was refused without need",
    (seen) => ({ ...seen, denial: refusal("STS_FAILED") }),
  ],
  [
    "a denial is recorded, and names who ordered it",
    "the identity was there, and not found",
    (seen) => ({ ...seen, denial: refusal("IDENTITY_UNKNOWN") }),
  ],
  [
    "an answer says what happened",
    "refused, though it was done",
    (seen) => ({ ...seen, use: refusal("IDENTITY_REVOKED") }),
  ],
  [
    "an answer says what happened",
    "granted, and nothing was called",
    (seen) => withSteps(seen, (step) => (step.at === "target:call" ? [] : [step])),
  ],
  [
    "an answer says what happened",
    "granted, and no outcome is on record",
    (seen) => without(seen, "ExecutionCompleted"),
  ],
  ["an answer says what happened", "nobody was answered", (seen) => ({ ...seen, use: undefined })],
  [
    "every chain verifies, and State is what Evidence makes of it",
    "a chain does not",
    (seen) => ({ ...seen, broken: ["intent/1 4 has another prev"] }),
  ],
  [
    "every chain verifies, and State is what Evidence makes of it",
    "a head is behind",
    (seen) => ({
      ...seen,
      state: new Map([...seen.state].map(([key, item]) => [key, { ...item, seq: 1 }])),
    }),
  ],
  [
    "counters are right",
    "one was not written",
    (seen) => ({ ...seen, counters: [{ pk: "refusals#x", n: 0, unwritten: 1 }] }),
  ],
  [
    "counters are right",
    "one is counted and not there",
    (seen) => ({ ...seen, counters: [{ pk: "refusals#x", n: 1 }] }),
  ],
  [
    "what takes nothing from anybody refuses nobody",
    "it was refused",
    (seen) => ({
      ...seen,
      race: { ...seen.race, denial: "unrelated" },
      use: refusal("POLICY_VERSION_STALE"),
    }),
  ],
  [
    "nothing depends on the clock",
    "a window's length has passed",
    (seen) => ({ ...seen, waited: 300_000 }),
  ],
];

const refusal = (code: RefusalCode): RefusedAnswer => ({
  ...{ ok: false, code, stage: "state", failureDomain: "identity", retryable: false },
  detail: "as it never was",
});

suite("the invariants of races", () => {
  let good: Seen;
  before(async () => {
    good = await goodDay({ use: "issue execute", denial: "revokeIdentity" });
  });

  test("VAI-07 a good day violates nothing", () => {
    assert.deepEqual(violationsOf(good), []);
  });

  test("VAI-07 each invariant has something that it must see", () => {
    assert.deepEqual(
      new Set(BAD.map(([invariant]) => invariant)),
      new Set(Object.keys(INVARIANTS)),
    );
  });

  for (const [invariant, what, bad] of BAD) {
    test(`VAI-07 ${invariant}: ${what}`, () => {
      const found = INVARIANTS[invariant]?.(bad(good)) ?? [];
      assert.ok(found.length > 0);
    });
  }

  test("VAI-06 a halt is known to whoever read the heads behind it, and to nobody else", async () => {
    const halted = await goodDay({ use: "issue execute", denial: "haltActor" });
    const begun = "nothing is begun behind a denial, or without a look for one";
    const late = last(halted, writing("ExecutionStarted"));
    assert.deepEqual(INVARIANTS[begun]?.(late), []);
    const known = last(
      late,
      (step) => step.id === "use heads:read 2" || writing("ExecutionStarted")(step),
    );
    assert.notDeepEqual(INVARIANTS[begun]?.(known), []);
  });
});
