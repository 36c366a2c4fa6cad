import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { evaluatePolicies } from "../../lib/authority/evaluate/evaluate.ts";
import { SESSION } from "./fixtures.ts";

type Wanted = string | boolean | number | readonly (string | boolean | number)[];

/** Operator, policy value, request value (`null`: the key is absent), what the condition says. */
type Row = readonly [
  operator: string,
  policy: Wanted,
  request: string | readonly string[] | null,
  verdict: "met" | "unmet" | "undecidable",
];

interface RowFile {
  readonly title: string;
  /** The page of AWS that says so. */
  readonly source: string;
  readonly rows: readonly Row[];
}

const folder = new URL("./cases/conditions/", import.meta.url);

/** Keys that variables in the rows name. */
const OTHER_KEYS = {
  "vai:Other": "o",
  "vai:Star": "*",
  "vai:Flag": "true",
  "vai:Many": ["m", "n"],
};

function decide(effect: "Allow" | "Deny", [operator, policy, request]: Row): string {
  const whole = { Effect: "Allow", Action: "*", Resource: "*" };
  // Key names are compared without letter case.
  const tested = { ...whole, Effect: effect, Condition: { [operator]: { "VAI:probed": policy } } };
  return evaluatePolicies(
    {
      identity: [
        { Version: "2012-10-17", Statement: effect === "Allow" ? [tested] : [whole, tested] },
      ],
    },
    {
      action: "s3:GetObject",
      resource: "arn:aws:s3:::data/a",
      principalArn: SESSION,
      context: { ...OTHER_KEYS, ...(request !== null && { "vai:Probed": request }) },
    },
  ).decision;
}

/** What cannot be decided never meets an Allow and always meets a Deny. */
const DECISIONS = {
  met: ["Allow", "ExplicitDeny"],
  unmet: ["ImplicitDeny", "Allow"],
  undecidable: ["ImplicitDeny", "ExplicitDeny"],
};

for (const file of readdirSync(folder).sort()) {
  const { title, rows }: RowFile = JSON.parse(readFileSync(new URL(file, folder), "utf8"));
  suite(`VAI-149 ${title}`, () => {
    for (const row of rows) {
      const [operator, policy, request, verdict] = row;
      const shown = request === null ? "no value" : JSON.stringify(request);
      test(`VAI-149 ${operator} ${JSON.stringify(policy)} with ${shown}: ${verdict}`, () => {
        assert.deepEqual([decide("Allow", row), decide("Deny", row)], DECISIONS[verdict]);
      });
    }
  });
}
