import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import {
  countVotes,
  judgeObjections,
  judgeVotes,
  type Quorum,
  type Vote,
} from "../../lib/proof/votes.ts";

const CLASSES = ["policy", "state", "risk", "simulation", "human"] as const;
const VERDICTS = ["approve", "reject", "abstain"] as const;

const vote = (name: string, own: Vote["class"], verdict: Vote["verdict"]): Vote => ({
  ...{ name, class: own, verdict },
});

/** The decision function as DTF-07 states it, written a second time and otherwise: by counting, over whole lists. */
function stated(votes: readonly Vote[], quorum: Quorum): string | undefined {
  const names = [...new Set(votes.map(({ name }) => name))];
  const say = (name: string): Vote | undefined => {
    const own = votes.filter((each) => each.name === name);
    return (
      own.find(({ verdict }) => verdict === "reject") ??
      own.find(({ verdict }) => verdict === "approve") ??
      own[0]
    );
  };
  const counted = names.flatMap((name) => say(name) ?? []);
  const of = (verdict: string): Vote[] => counted.filter((each) => each.verdict === verdict);
  const isVeto = (each: Vote): boolean =>
    each.verdict === "reject" && quorum.veto.includes(each.class);
  if (votes.some(isVeto)) return "EVALUATOR_VETO";
  const approvedBy = (own: string): boolean => of("approve").some((each) => each.class === own);
  const isApproved =
    of("reject").length < (quorum.rejects ?? 1) &&
    of("approve").length >= quorum.attestations &&
    CLASSES.filter(approvedBy).length >= quorum.classes &&
    quorum.veto.every(approvedBy);
  return isApproved ? undefined : "CONSENSUS_NOT_REACHED";
}

const QUORA: readonly Quorum[] = [
  { attestations: 0, classes: 0, veto: [] },
  { attestations: 1, classes: 1, veto: [] },
  { attestations: 2, classes: 2, veto: [] },
  { attestations: 2, classes: 1, veto: ["state"], rejects: 2 },
  { attestations: 3, classes: 2, veto: ["state", "human"], rejects: 3 },
];

/** Every list of `length` votes of evaluators a, b, c, d over three classes. */
function* tables(length: number): Generator<readonly Vote[]> {
  if (length === 0) {
    yield [];
    return;
  }
  const name = "abcd"[length - 1] ?? "";
  for (const before of tables(length - 1)) {
    for (const own of ["policy", "state", "human"] as const) {
      for (const verdict of VERDICTS) yield [...before, vote(name, own, verdict)];
    }
  }
}

suite("DTF-07 the decision function", () => {
  test("DTF-07 agrees with its statement for all votes of up to four evaluators", () => {
    let rows = 0;
    for (const quorum of QUORA) {
      for (const length of [0, 1, 2, 3, 4]) {
        for (const votes of tables(length)) {
          assert.equal(judgeVotes(votes, quorum)?.code, stated(votes, quorum));
          rows += 1;
        }
      }
    }
    assert.equal(rows, QUORA.length * (1 + 9 + 81 + 729 + 6561));
  });

  const votes = fc.array(
    fc.record({
      name: fc.constantFrom("a", "b", "c", "d", "e"),
      class: fc.constantFrom(...CLASSES),
      verdict: fc.constantFrom(...VERDICTS),
    }),
    { maxLength: 10 },
  );
  const quorum = fc.record({
    attestations: fc.nat(4),
    classes: fc.nat(4),
    veto: fc.uniqueArray(fc.constantFrom(...CLASSES), { maxLength: 2 }),
    rejects: fc.integer({ min: 1, max: 3 }),
  });

  test("DTF-11 one more reject never lets through what was stopped", () => {
    fc.assert(
      fc.property(
        votes,
        quorum,
        fc.constantFrom(..."abcdef"),
        fc.constantFrom(...CLASSES),
        (given, asked, name, own) => {
          const after = [...given, vote(name, own, "reject")];
          if (judgeVotes(given, asked) !== undefined)
            assert.ok(judgeVotes(after, asked) !== undefined);
        },
      ),
    );
  });

  test("DTF-09 the order of votes never matters for the code, and a name counts once", () => {
    fc.assert(
      fc.property(votes, quorum, (given, asked) => {
        const oneClass = given.map((each) => ({
          ...each,
          class: CLASSES["abcde".indexOf(each.name)] ?? "risk",
        }));
        const code = judgeVotes(oneClass, asked)?.code;
        assert.equal(judgeVotes([...oneClass].reverse(), asked)?.code, code);
        assert.equal(judgeVotes([...oneClass, ...oneClass], asked)?.code, code);
        assert.ok(
          countVotes(oneClass, asked).have <= new Set(oneClass.map(({ name }) => name)).size,
        );
      }),
    );
  });

  test("VAI-60 a veto holds in whatever order an evaluator's two classes come", () => {
    const asked: Quorum = { attestations: 0, classes: 0, veto: ["human"], rejects: 9 };
    const both = [vote("a", "risk", "reject"), vote("a", "human", "reject")];
    assert.equal(judgeVotes(both, asked)?.code, "EVALUATOR_VETO");
    assert.equal(judgeVotes(both.reverse(), asked)?.code, "EVALUATOR_VETO");
  });

  test("VAI-60 who waits for more is stopped by objections alone", () => {
    const asked: Quorum = { attestations: 3, classes: 2, veto: ["human"], rejects: 2 };
    assert.equal(judgeObjections([], asked), undefined);
    assert.equal(judgeObjections([vote("a", "risk", "reject")], asked), undefined);
    const two = [vote("a", "risk", "reject"), vote("b", "state", "reject")];
    assert.equal(judgeObjections(two, asked)?.code, "CONSENSUS_NOT_REACHED");
    assert.equal(judgeObjections([vote("a", "human", "reject")], asked)?.code, "EVALUATOR_VETO");
  });
});
