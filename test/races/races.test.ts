import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { playRace } from "./play.ts";
import { type Denial, RACES, titleOf } from "./races.ts";

/** Preemptions of a schedule; `npm run races` plays all interleavings. */
const FEW = 2;

/** What a denial shows besides: records before use (VAI-06), one end an identity (VAI-07), no session without a record (VAI-68). */
const SHOWN: Readonly<Record<Denial, string>> = {
  revokeIdentity: "VAI-112",
  revokeContract: "VAI-112",
  haltActor: "UES-26",
  publishTrustPolicy: "VAI-109",
  unrelated: "VAI-109",
  attest: "ADV-30",
  supersede: "ADV-17",
};

/** Answers that a race must have come to, or it was none. */
const EACH: Readonly<Record<Denial, readonly RegExp[]>> = {
  revokeIdentity: [/^granted, REVOKED$/, /^IDENTITY_REVOKED, REVOKED$/],
  revokeContract: [/^granted, REVOKED$/, /^IDENTITY_REVOKED, REVOKED$/],
  haltActor: [/^granted, HALTED$/, /^AGENT_HALTED, HALTED$/],
  publishTrustPolicy: [/^granted, PUBLISHED$/, /^POLICY_VERSION_STALE, PUBLISHED$/],
  unrelated: [/^granted, PUBLISHED$/],
  attest: [/^granted, RECORDED$/, /^CONSENSUS_NOT_REACHED, RECORDED$/],
  supersede: [/^granted, SUPERSEDED$/, /^(IDENTITY_REVOKED|DECISION_SUPERSEDED), SUPERSEDED$/],
};

/** Where a use comes to other ones. */
const OTHERWISE: Partial<Record<string, readonly RegExp[]>> = {
  "issue emergency × attest": [/^granted, RECORDED$/, /^EVALUATOR_VETO, RECORDED$/],
  "issue rollback × attest": [
    ...[/^granted, RECORDED$/, /^CONSENSUS_NOT_REACHED, RECORDED$/],
    // With an effect that nobody saw its contract has ended.
    /^granted, CONTRACT_CONSUMED$/,
  ],
};

suite("races with the barriers", () => {
  for (const race of RACES) {
    const { denial } = race;
    test(`VAI-06 VAI-07 VAI-68 ${SHOWN[denial]} ${titleOf(race)}: every schedule of two preemptions`, async (t) => {
      const { complete, violations, answers } = await playRace(race, { preemptions: FEW });
      t.diagnostic(`${titleOf(race)}: ${complete} schedules`);
      assert.deepEqual(violations, []);
      for (const answer of OTHERWISE[titleOf(race)] ?? EACH[denial]) {
        assert.ok(
          Object.keys(answers).some((each) => answer.test(each)),
          `${answer}`,
        );
      }
    });
  }

  test("VAI-06 VAI-07 VAI-109 execute × publishTrustPolicy: every interleaving, as often as it is played", async (t) => {
    const race = { use: "execute", denial: "publishTrustPolicy" } as const;
    const first = await playRace(race);
    const again = await playRace(race);
    t.diagnostic(`${titleOf(race)}: ${first.complete} interleavings`);
    assert.deepEqual(first.violations, []);
    assert.deepEqual(
      [again.complete, again.cut, again.answers],
      [first.complete, first.cut, first.answers],
    );
    // The heads are read twice, before and beside barrier 2: before both, between them, behind both.
    assert.equal(first.complete, 3);
  });
});
