import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { suite, test } from "node:test";
import {
  type AccessRequest,
  evaluatePolicies,
  type Policies,
} from "../../lib/authority/evaluate/evaluate.ts";
import { ACCOUNT, EVERYTHING, REGION, SESSION } from "./fixtures.ts";

/**
 * One file, one topic: `{ title, source?, policies?, cases: [{ name, policies?, request?, decision,
 * because?, sids? }] }`. What a case leaves out is the file's, then a session of role `exec` that
 * reads object `arn:aws:s3:::data/a`. `"everything"` stands for a policy that allows everything.
 */
interface CaseFile {
  readonly title: string;
  /** The page of AWS that says so. */
  readonly source?: string;
  readonly policies?: Partial<Policies>;
  readonly cases: readonly {
    readonly name: string;
    readonly policies?: Partial<Policies>;
    readonly request?: Partial<AccessRequest>;
    readonly decision: string;
    /** Kind and effect of each reason, in order. */
    readonly because?: readonly string[];
    /** The `Sid` of each statement that decided. */
    readonly sids?: readonly string[];
  }[];
}

const folder = new URL("./cases/evaluator/", import.meta.url);

const defaults: AccessRequest = {
  action: "s3:GetObject",
  resource: "arn:aws:s3:::data/a",
  principalArn: SESSION,
  context: { "aws:RequestedRegion": REGION, "aws:ResourceAccount": ACCOUNT },
};

const withEverything = (policies: Partial<Policies>): Policies =>
  JSON.parse(JSON.stringify({ identity: ["everything"], ...policies }), (_, value) =>
    value === "everything" ? EVERYTHING : value,
  );

for (const file of readdirSync(folder).sort()) {
  const {
    title,
    policies = {},
    cases,
  }: CaseFile = JSON.parse(readFileSync(new URL(file, folder), "utf8"));
  suite(title, () => {
    for (const each of cases) {
      test(`${title}: ${each.name}`, () => {
        const request = {
          ...defaults,
          ...each.request,
          context: { ...defaults.context, ...each.request?.context },
        };
        const result = evaluatePolicies(withEverything({ ...policies, ...each.policies }), request);
        assert.equal(result.decision, each.decision);
        const kinds = result.because.map(({ policy, effect }) => `${policy}:${effect}`);
        if (each.because !== undefined) assert.deepEqual(kinds, each.because);
        const sids = result.because.map(({ sid }) => sid);
        if (each.sids !== undefined) assert.deepEqual(sids, each.sids);
      });
    }
  });
}
