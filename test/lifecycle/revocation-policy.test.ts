import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import {
  MAX_POLICY,
  type Revoked,
  revocationPolicy,
  wholeRole,
} from "../../lib/lifecycle/revocation-policy.ts";
import { type Caller, denies } from "../support/revocation-policy.ts";

/** A role over time, whose every revoked session is looked at after each step. */
class Role {
  #now = START;
  #text: string | undefined;
  #rows: Revoked[] = [];
  readonly #all: ReturnType<typeof session>[] = [];

  take({ wait, issue, isForgotten, isHalt }: Step): void {
    this.#now += wait * 1000;
    const fresh = Array.from({ length: issue }, (_, index) =>
      session(this.#all.length + index, this.#now - 1000 * ((index % 37) - 30)),
    );
    this.#all.push(...fresh);
    const halt = isHalt ? [wholeRole(seconds(this.#now) + 60)] : [];
    this.#rows = [...(isForgotten ? [] : this.#rows), ...fresh, ...halt];
    const { text } = revocationPolicy(this.#text, this.#rows, this.#now);
    this.#text = text;
    assert.ok(text.length <= MAX_POLICY);
    for (const each of this.#all) {
      if (each.until >= seconds(this.#now)) assert.ok(denies(text, caller(each)), each.session);
    }
  }
}

interface Step {
  readonly wait: number;
  readonly issue: number;
  /** The table lost its rows. */
  readonly isForgotten: boolean;
  readonly isHalt: boolean;
}

/** The inline policy by which IAM denies sessions of an execution role (PROTOCOL.md §10, Points). */

const START = Date.UTC(2026, 4, 5, 4, 0, 0);
const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);
const name = (index: number): string => `vai-${String(index).padStart(26, "0")}`;
/** A session that was issued at an instant, in milliseconds, and lives for 900 s. */
const session = (index: number, issuedAt: number): Revoked & { readonly session: string } => ({
  session: name(index),
  until: seconds(issuedAt) + 900,
});
const caller = ({ session: tag, until }: ReturnType<typeof session>): Caller => ({
  tag,
  issuedAt: until - 900,
});
const many = (count: number, issuedAt = START) =>
  Array.from({ length: count }, (_, index) => session(index, issuedAt));
const instant = (second: number): string =>
  new Date(second * 1000).toISOString().replace(".000", "");
const withoutNothing = ({
  session: tag,
  until,
}: {
  session?: string | undefined;
  until: number;
}) => (tag === undefined ? { until } : { session: tag, until });
const sids = (text: string): string[] =>
  (JSON.parse(text).Statement as { Sid: string }[]).map(({ Sid }) => Sid);

suite("vai-revocations", () => {
  test("VAI-119 an empty one denies a tag that no session has; IAM has no empty policy", () => {
    const { text } = revocationPolicy(undefined, [], START);
    assert.equal(
      text,
      '{"Version":"2012-10-17","Statement":[{"Sid":"None","Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/vai-identity":["none"]}}}]}',
    );
    assert.equal(denies(text, caller(session(1, START))), false);
    assert.deepEqual(sids(revocationPolicy(text, many(1), START).text), [
      `Until${seconds(START) + 1200}`,
    ]);
  });

  test("VAI-119 one statement stands for each end, a minute later and rounded up to five", () => {
    const ends = [START, START + 1_000, START + 300_000, START + 240_000].map((issued, index) =>
      session(index, issued),
    );
    const { text } = revocationPolicy(undefined, ends, START + 300_000);
    const [first, second] = [1200, 1500].map((after) => seconds(START) + after);
    assert.deepEqual(JSON.parse(text).Statement, [
      denying(first, [name(0), name(1), name(3)]),
      denying(second, [name(2)]),
    ]);
  });

  test("VAI-119 what the present policy denies stays until its time has come, whatever the table says", () => {
    const [one, other] = [session(1, START), session(2, START)];
    const before = revocationPolicy(undefined, [one], START).text;
    const after = revocationPolicy(before, [other], START).text;
    assert.ok([one, other].every((each) => denies(after, caller(each))));
    const last = revocationPolicy(after, [], START + 1_199_999).text;
    assert.ok([one, other].every((each) => denies(last, caller(each))));
    assert.deepEqual(sids(revocationPolicy(last, [], START + 1_200_000).text), ["None"]);
  });

  test("VAI-115 a session that is not named is not denied", () => {
    const { text } = revocationPolicy(undefined, many(200), START);
    assert.equal(denies(text, caller(session(200, START))), false);
  });

  test("VAI-119 past some two hundred sessions the whole role is denied, to sessions of before alone", () => {
    assert.equal(revocationPolicy(undefined, many(200), START).isFull, false);
    const { text, isFull } = revocationPolicy(undefined, many(500), START + 500);
    assert.equal(isFull, true);
    assert.deepEqual(sids(text), [`Before${seconds(START) + 1}`]);
    assert.ok(many(500).every((each) => denies(text, caller(each))));
    assert.equal(denies(text, { tag: name(501), issuedAt: seconds(START) + 1 }), false);
    // The rows of those that it covers are still there, and must not deny what came since.
    const again = revocationPolicy(text, many(500), START + 60_000);
    assert.deepEqual([again.text, again.isFull], [text, false]);
  });

  test("VAI-119 the denial of the whole role is kept 960 s, and what is revoked behind it is named again", () => {
    const { text } = revocationPolicy(undefined, many(500), START);
    const late = session(501, START + 2_000);
    const both = revocationPolicy(text, [...many(500), late], START + 3_000).text;
    assert.deepEqual(sids(both), [`Before${seconds(START) + 1}`, `Until${seconds(START) + 1200}`]);
    const kept = revocationPolicy(both, many(500), START + 960_999).text;
    assert.ok(sids(kept).includes(`Before${seconds(START) + 1}`));
    const over = revocationPolicy(kept, many(500), START + 961_000);
    assert.deepEqual([sids(over.text), over.isFull], [[`Until${seconds(START) + 1200}`], false]);
  });

  test("VAI-115 a halt of the plane denies the whole role to sessions that begin a minute later too", () => {
    const before = seconds(START) + 60;
    const { text, isFull } = revocationPolicy(undefined, [wholeRole(before)], START);
    assert.deepEqual([sids(text), isFull], [[`Before${before}`], false]);
    assert.equal(denies(text, { tag: name(1), issuedAt: before - 1 }), true);
    assert.equal(denies(text, { tag: name(1), issuedAt: before }), false);
    const full = revocationPolicy(text, many(500, START + 120_000), START + 120_000);
    assert.ok(denies(full.text, { tag: name(1), issuedAt: before - 1 }));
    assert.equal(
      revocationPolicy(text, [wholeRole(before - 30)], START).text,
      text,
      "the latest stands for all",
    );
  });

  const FOREIGN: readonly (readonly [string, string])[] = [
    ["with another condition under our name", statement({ Sid: "Until1", Condition: ofTag("x") })],
    [
      "with one more condition",
      statement({
        Sid: `Until${seconds(START) + 1200}`,
        Condition: { ...ofTag([name(1)]), Null: { "aws:TokenIssueTime": "false" } },
      }),
    ],
    ["of one action, by hand", statement({ Sid: "ByHand", Action: "s3:*" })],
    [
      "with an instant that is not the one of its name",
      statement({
        Sid: "Before5",
        Condition: { DateLessThan: { "aws:TokenIssueTime": "2026-05-05T00:00:00Z" } },
      }),
    ],
    [
      "whose statement is no list",
      JSON.stringify({
        Version: "2012-10-17",
        Statement: { Sid: "ByHand", Effect: "Deny", NotAction: "s3:*", Resource: "*" },
      }),
    ],
  ];
  for (const [what, present] of FOREIGN) {
    test(`VAI-119 a denial ${what} stays as it is, but for its name`, () => {
      const { text } = revocationPolicy(present, [session(2, START)], START + 3_600_000);
      const { Statement } = JSON.parse(present);
      const [{ Sid: _, ...rest }] = [Statement].flat();
      assert.deepEqual(JSON.parse(text).Statement[0], rest);
      assert.equal(revocationPolicy(text, [], START + 3_600_000).text, text);
    });
  }

  for (const [what, present] of [
    ["is no JSON", "{"],
    ["is no object", "7"],
    ["is of another version, where a variable is no variable", statement({}, "2008-10-17")],
    ["holds a statement that is none", JSON.stringify({ Version: "2012-10-17", Statement: [7] })],
    ["leaves no room beside it", statement({ Action: `s3:${"x".repeat(MAX_POLICY)}` })],
  ] as const) {
    test(`VAI-119 where the present policy ${what}, everything is denied until people look`, () => {
      const { text } = revocationPolicy(present, many(500), START);
      const everything = { Effect: "Deny", Action: "*", Resource: "*" };
      assert.deepEqual(JSON.parse(text).Statement.at(0), everything);
      assert.ok(text.length <= MAX_POLICY);
    });
  }

  test("VAI-112 what allows something is not carried over", () => {
    const present = statement({ Effect: "Allow" });
    assert.deepEqual(sids(revocationPolicy(present, [], START).text), ["None"]);
  });

  test("VAI-119 without room, what is issued a moment later and is named already is denied too", () => {
    const ahead = many(260, START + 30_000);
    const { text, isFull } = revocationPolicy(undefined, ahead, START);
    assert.deepEqual([sids(text), isFull], [[`Before${seconds(START) + 31}`], true]);
    assert.ok(ahead.every((each) => denies(text, caller(each))));
    // The table lost the rows: of what the policy names it is known that it was not issued later.
    const named = revocationPolicy(undefined, many(150, START + 30_000), START).text;
    const later = Array.from({ length: 150 }, (_, index) => session(500 + index, START));
    const without = revocationPolicy(named, later, START + 1_000);
    assert.ok(without.isFull);
    assert.ok(many(150, START + 30_000).every((each) => denies(without.text, caller(each))));
    assert.equal(denies(without.text, { tag: name(900), issuedAt: seconds(START) + 62 }), false);
  });

  test("VAI-119 what ends later than any denial can is passed over, and takes no other denial out", () => {
    const end = fc.integer({ min: seconds(START) + 1_801, max: 999_999_999_999 });
    const row = fc.record({
      until: end,
      session: fc.option(fc.constant(name(7)), { nil: undefined }),
    });
    const halt = revocationPolicy(undefined, [wholeRole(seconds(START) + 60)], START).text;
    const names = revocationPolicy(undefined, many(3), START).text;
    fc.assert(
      fc.property(fc.array(row.map(withoutNothing), { minLength: 1, maxLength: 300 }), (rows) => {
        assert.equal(revocationPolicy(halt, rows, START).text, halt);
        assert.equal(revocationPolicy(names, rows, START).text, names);
      }),
      { seed: 5, numRuns: 50 },
    );
  });

  test("VAI-119 whatever rows somebody puts there, however often: the policy ends by itself, and its dates are dates", () => {
    const row = fc.record({
      until: fc.oneof(
        fc.integer({ min: 0, max: 999_999_999_999 }),
        fc.integer({ min: seconds(START) - 100, max: seconds(START) + 3_000 }),
      ),
      session: fc.option(fc.integer({ min: 0, max: 400 }).map(name), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(row.map(withoutNothing), { maxLength: 300 }), (rows) => {
        let text: string | undefined;
        for (let run = 0; run < 20; run++) {
          text = revocationPolicy(text, rows, START + run * 60_000).text;
          const dates = [...text.matchAll(/"aws:TokenIssueTime":"([^"]*)"/g)];
          for (const [, date] of dates) assert.match(date ?? "", /^\d{4}-[^.]*Z$/);
        }
        const last = revocationPolicy(text, [], START + 20 * 60_000 + 2_200_000).text;
        assert.deepEqual(sids(last), ["None"]);
      }),
      { seed: 3, numRuns: 50 },
    );
  });

  test("VAI-119 what the present policy denies for longer than a denial lasts is denied for that long", () => {
    const far = seconds(START) + 1_000_000;
    const present = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        denying(far, [name(1)]),
        {
          ...{ Sid: `Before${far}`, Effect: "Deny", Action: "*", Resource: "*" },
          Condition: { DateLessThan: { "aws:TokenIssueTime": instant(far) } },
        },
      ],
    });
    const { text } = revocationPolicy(present, [], START);
    assert.deepEqual(sids(text), [
      `Before${seconds(START) + 900}`,
      `Until${seconds(START) + 2_100}`,
    ]);
    assert.equal(revocationPolicy(text, [], START + 60_000).text, text);
    assert.deepEqual(sids(revocationPolicy(text, [], START + 2_200_000).text), ["None"]);
  });

  test("VAI-119 whatever comes in whatever order: never too long, and nothing is pruned before its time", () => {
    const step = fc.record({
      wait: fc.integer({ min: 0, max: 400 }),
      issue: fc.integer({ min: 0, max: 90 }),
      isForgotten: fc.boolean(),
      isHalt: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        const role = new Role();
        for (const each of steps) role.take(each);
      }),
      { seed: 11, numRuns: 60 },
    );
  });
});

function denying(end: number | undefined, names: readonly string[]) {
  return {
    ...{ Sid: `Until${end}`, Effect: "Deny", Action: "*", Resource: "*" },
    Condition: ofTag(names),
  };
}

function ofTag(value: unknown) {
  return { StringEquals: { "aws:PrincipalTag/vai-identity": value } };
}

function statement(members: object, version = "2012-10-17"): string {
  const whole = { Effect: "Deny", Action: "*", Resource: "*", ...members };
  return JSON.stringify({ Version: version, Statement: [whole] });
}
