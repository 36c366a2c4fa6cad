import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReadRecord } from "../../lib/audit/read-record.ts";
import { racedViolationsOf, violationsOf } from "./invariants.ts";
import type { FeedCall, Observation } from "./observation.ts";
import {
  CHAIN,
  goodDay,
  granted,
  recordOf,
  told,
  withFeed,
  withRecords,
} from "./support/good-day.ts";

const moved = (seq: number, to: number) => (call: FeedCall) => [
  call.seq === seq ? { ...call, seq: to } : call,
];
const without = (seq: number) => (call: FeedCall) => (call.seq === seq ? [] : [call]);
const changed = (seq: number, change: Partial<FeedCall>) => (call: FeedCall) => [
  call.seq === seq ? { ...call, ...change } : call,
];
const again = (seq: number, at: number) => (call: FeedCall) =>
  call.seq === seq ? [call, { ...call, seq: at }] : [call];
const besides = (more: ReadRecord) => (records: readonly ReadRecord[]) => [...records, more];
const ends = (seen: Observation): Observation => ({
  ...seen,
  feed: [...seen.feed, stored(29, 9)],
});
const stored = (seq: number, record: number): FeedCall => ({
  ...{ seq, name: "dynamodb TransactWriteItems", isEffect: false, records: [`${CHAIN}#${record}`] },
});
const sessionOf = (seq: number, sourceIdentity: string): FeedCall => ({
  ...{ seq, name: "sts AssumeRole", isEffect: false, records: [], sourceIdentity },
});

/** Its contract has what takes the effect back; records of that, and the target as it looks at the end. */
const takenBack = (seen: Observation, types: readonly string[], weight: number): Observation => ({
  ...withRecords(
    { ...seen, feed: [...seen.feed, ...types.map((_, at) => stored(20 + at, 9 + at))] },
    (all) => [...all, ...types.map((type, at) => recordOf(type, { seq: 9 + at }))],
  ),
  contracts: seen.contracts.map((each) => ({ ...each, takenBackTo: 1, weight })),
});

/** Identity b is under a block whose end is durable before its session. */
const takenFrom = (seen: Observation): Observation => {
  const [detail, blocks] = [{ sessionName: "vai-b" }, ["sha256:root", "sha256:b"]];
  const issued = recordOf("IdentityIssued", { seq: 5, id: "b", detail, blocks });
  const ended = recordOf("DelegationRevoked", { seq: 9, detail: { ended: ["sha256:b"] } });
  return withRecords({ ...seen, feed: [...seen.feed, stored(6.5, 9)] }, (all) => [
    ...all.map((each) => (each.record.chain.seq === 5 ? issued : each)),
    ended,
  ]);
};

/** Function `delegate` says something besides. */
const saying = (seen: Observation, said: object): Observation => {
  const evidence = { chainId: CHAIN, lastSeq: 4, head: headAt(seen, 4) };
  const answer = { ok: true, deduplicated: false, evidence, ...said } as never;
  return { ...seen, answers: [...seen.answers, told(20, answer)] };
};

/** One bad thing that was seen, and the invariant that must say so. */
const BAD: Readonly<
  Record<string, readonly [what: string, bad: (seen: Observation) => Observation][]>
> = {
  "no live authority without a record": [
    ["a session before IdentityIssued is durable", (seen) => withFeed(seen, moved(1, 2.5))],
    ["a call before ExecutionStarted is durable", (seen) => withFeed(seen, moved(3, 4.5))],
    ["a session of nobody", (seen) => withFeed(seen, changed(7, { sourceIdentity: "vai-x" }))],
    [
      "a call of nobody",
      (seen) =>
        withFeed(seen, (call) => (call.seq === 4 ? [call, { ...call, session: "vai-x" }] : [call])),
    ],
    [
      "the transaction of the record had failed",
      (seen) => withFeed(seen, changed(6, { error: "TransactionCanceledException" })),
    ],
  ],
  "no begin after a committed denial": [
    ["a session behind the record of its revocation", (seen) => withFeed(seen, moved(7, 9.5))],
    ["credentials recorded behind the revocation", (seen) => withFeed(seen, moved(8, 9.5))],
    [
      "a session behind an answer, its record owed",
      (seen) =>
        withFeed(seen, (call) =>
          call.seq === 7
            ? [{ ...call, seq: 10.2 }]
            : call.seq === 9
              ? [{ ...call, seq: 10.5 }]
              : [call],
        ),
    ],
    ["a session of a halted actor", (seen) => withFeed(seen, again(7, 11.5))],
    ["a session behind the end of a block that it is under", (seen) => takenFrom(seen)],
  ],
  "no bounded call twice": [
    ["the same call again", (seen) => withFeed(seen, again(4, 4.5))],
    [
      "also when the second one fails",
      (seen) =>
        withFeed(seen, (call) =>
          call.seq === 4 ? [call, { ...call, seq: 4.5, error: "ThrottlingException" }] : [call],
        ),
    ],
  ],
  "no success reported that did not happen": [
    ["the call had failed", (seen) => withFeed(seen, changed(4, { error: "ThrottlingException" }))],
    [
      "the target is as before",
      (seen) => ({ ...seen, contracts: seen.contracts.map((each) => ({ ...each, weight: 1 })) }),
    ],
    [
      "what was taken back is there",
      (seen) => takenBack(seen, ["RollbackTriggered", "RollbackCompleted"], 10),
    ],
    [
      "what is there is neither as it was set nor as it was to be taken back",
      (seen) => takenBack(seen, ["RollbackTriggered"], 3),
    ],
    ["it is as it is taken back, and nothing took it back", (seen) => takenBack(seen, [], 1)],
    [
      "a grant of an identity that was never issued",
      (seen) => ({
        ...seen,
        answers: [...seen.answers, told(20, granted("x", { seq: 4, head: headAt(seen, 4) }))],
      }),
    ],
    [
      "credentials that were not recorded",
      (seen) => ({
        ...seen,
        answers: [
          ...seen.answers,
          told(20, granted("a", { seq: 4, head: headAt(seen, 4), credentials: "sealed" })),
        ],
      }),
    ],
    ["a block that is on no record", (seen) => saying(seen, { block: { digest: "sha256:x" } })],
    ["the end of a block that is on no record", (seen) => saying(seen, { ended: ["sha256:x"] })],
    ["IAM was never told of the revocation", (seen) => withFeed(seen, without(10))],
    ["IAM had refused it", (seen) => withFeed(seen, changed(10, { error: "AccessDenied" }))],
    ["IAM was told after the answer", (seen) => withFeed(seen, moved(10, 13))],
    [
      "a command that is not on record",
      (seen) => ({
        ...seen,
        answers: seen.answers.map((each) =>
          each.feedEnd === 12 ? { ...each, command: `${each.command}x` } : each,
        ),
      }),
    ],
  ],
  "no record lost or forked": [
    ["evidence does not hold", (seen) => ({ ...seen, verdict: "gap" })],
    ["a defect", (seen) => ({ ...seen, defects: ["intent/1#3 is another"] })],
    ["a stored record is not there", (seen) => ({ ...seen, feed: [...seen.feed, stored(20, 9)] })],
    [
      "an answer names another head",
      (seen) => ({
        ...seen,
        answers: [...seen.answers, told(20, granted("a", { seq: 4, head: "sha256:other" }))],
      }),
    ],
  ],
  "one terminal record an identity": [
    [
      "none",
      (seen) =>
        withRecords(seen, (all) =>
          all.map((each) =>
            each.record.event.type === "IdentityRevoked"
              ? recordOf("EscalationRaised", { seq: 8, id: "b" })
              : each,
          ),
        ),
    ],
    [
      "two",
      (seen) => withRecords(ends(seen), besides(recordOf("IdentityExpired", { seq: 9, id: "a" }))),
    ],
  ],
  "every contract ends": [
    [
      "a grant after every window",
      (seen) => ({
        ...seen,
        answers: [
          ...seen.answers,
          told(120, granted("a", { seq: 4, head: headAt(seen, 4) }), undefined, true),
        ],
      }),
    ],
    [
      "a session after every window",
      (seen) => ({ ...seen, feed: [...seen.feed, sessionOf(101, "vai-a")] }),
    ],
    [
      "a record of a begin after the end",
      (seen) =>
        withRecords(seen, (all) =>
          all.map((each) =>
            each.record.event.type === "CredentialsMinted"
              ? recordOf("CredentialsMinted", { seq: 6, id: "b", at: "2026-05-05T04:10:00.000Z" })
              : each,
          ),
        ),
    ],
  ],
};
const headAt = ({ chains }: Observation, seq: number) => chains.get(CHAIN)?.[seq - 1]?.hash;

test("VAI-98 the matrix finds nothing where everything holds", () => {
  assert.deepEqual(violationsOf(goodDay()), []);
});

test("VAI-34 VAI-98 the matrix takes an effect that was taken back for what it is", () => {
  const back = ["RollbackTriggered", "RollbackCompleted"];
  assert.deepEqual(violationsOf(takenBack(goodDay(), back, 1)), []);
  assert.deepEqual(violationsOf(takenBack(goodDay(), ["RollbackTriggered"], 10)), []);
});

for (const [invariant, all] of Object.entries(BAD)) {
  for (const [what, bad] of all) {
    test(`VAI-98 the matrix reports "${invariant}": ${what}`, () => {
      const found = new Set(violationsOf(bad(goodDay())).map((each) => each.invariant));
      assert.deepEqual([...found], [invariant]);
    });
  }
}

/** The revocation stands before the record of that name, which takes its number. */
const denialBefore = (type: string) => (records: readonly ReadRecord[]) => {
  const named = ({ record }: ReadRecord, name: string) => record.event.type === name;
  const late = records.findLastIndex((each) => named(each, type));
  const denial = records.findIndex((each) => named(each, "RevocationRequested"));
  const numberOf = (index: number) => (index === late ? denial : index === denial ? late : index);
  return records
    .map((each, index) => {
      const { event, identity, detail } = each.record;
      const id = identity === undefined ? {} : { id: identity.id };
      return recordOf(event.type, { seq: numberOf(index) + 1, ...id, detail });
    })
    .sort((left, right) => left.record.chain.seq - right.record.chain.seq);
};
const refusedUse = recordOf("ExecutionRejected", { seq: 9, id: "b" });
const withRefusedUse = (seen: Observation): Observation =>
  withRecords(ends(seen), besides(refusedUse));

for (const type of ["IdentityIssued", "CredentialsMinted"]) {
  test(`VAI-112 of races "no begin after a committed denial" is reported in the chain's order: ${type}`, () => {
    const seen = withRecords(goodDay(), denialBefore(type));
    assert.ok(
      racedViolationsOf(seen).some(({ what }) => what.startsWith(`${type} `)),
      JSON.stringify(racedViolationsOf(seen)),
    );
  });
}

test("VAI-112 of races a session that STS gives behind the denial is none, nor its record beside its refusal", () => {
  assert.deepEqual(racedViolationsOf(goodDay()), []);
  const late = withFeed(goodDay(), moved(7, 9.5));
  assert.deepEqual(racedViolationsOf(late), []);
  const told = withRefusedUse(withRecords(goodDay(), denialBefore("CredentialsMinted")));
  assert.deepEqual(racedViolationsOf(told), []);
});
