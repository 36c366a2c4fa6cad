import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { proveContainment } from "../../lib/authority/contain/contain.ts";
import { deriveAuthority } from "../../lib/authority/derive/derive.ts";
import { evaluatePolicies } from "../../lib/authority/evaluate/evaluate.ts";
import type { SessionPolicy } from "../../lib/authority/evaluate/iam-document.ts";
import type { Contract } from "../../lib/contract/contract.ts";
import type { Step } from "../../lib/contract/step.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { sampleSteps } from "../support/sample-steps.ts";
import { at, contractOf, EVERYTHING, EXP, NBF, updateItem } from "./fixtures.ts";

/** The one call by which a session is cut (PROTOCOL.md §9), written here again. */
const CUT = "sts:GetScopedCredentials";
const OPEN = { actions: [{ action: "dynamodb:UpdateItem" }] };

const policyOf = (contract: Contract, step: Step, isCut: boolean): SessionPolicy => {
  const actions = step.actions.map((action) => ({ action }));
  const derived = deriveAuthority(contract, step, { actions }, { isCut });
  assert.ok(!isRefusal(derived), JSON.stringify(derived));
  return derived.sessionPolicy;
};

const STEP = updateItem();
const CONTRACT = contractOf([STEP]);
const WITH = policyOf(CONTRACT, STEP, true);
const WITHOUT = policyOf(CONTRACT, STEP, false);

const prove = (policy: object, isCut: boolean) =>
  proveContainment(policy, CONTRACT, STEP, { isCut });

suite("the session policy of what is cut before it leaves", () => {
  test("VAI-47 it differs by one Allow and in the first two complements, and by nothing else", () => {
    const [allow, cut, first, second, ...rest] = WITH.Statement;
    const [plainAllow, plainFirst, plainSecond, ...plainRest] = WITHOUT.Statement;
    assert.deepEqual(allow, plainAllow);
    assert.deepEqual(cut, { Effect: "Allow", Action: CUT, Resource: "*" });
    assert.deepEqual(first, {
      ...plainFirst,
      NotAction: [plainFirst?.NotAction, CUT].flat(),
    });
    const { Action: star, ...others } = plainSecond ?? {};
    assert.equal(star, "*");
    assert.deepEqual(second, { ...others, NotAction: CUT });
    assert.deepEqual(rest, plainRest);
  });

  test("VAI-47 nobody who does not ask for it gets it, to the byte", () => {
    const derived = deriveAuthority(CONTRACT, STEP, OPEN);
    assert.ok(!isRefusal(derived));
    assert.equal(JSON.stringify(derived.sessionPolicy), JSON.stringify(WITHOUT));
    assert.doesNotMatch(JSON.stringify(WITHOUT), /sts:/);
  });

  const decide = (action: string, resource: string, seconds = NBF, region = CONTRACT.region) =>
    evaluatePolicies(
      { identity: [EVERYTHING], session: WITH },
      {
        ...{ action, resource, principalArn: "arn:aws:sts::111122223333:assumed-role/exec/vai-1" },
        context: { "aws:CurrentTime": at(seconds), "aws:RequestedRegion": region },
      },
    ).decision;

  test("VAI-116 it may be cut within window and region, and may ask nothing else of STS", () => {
    assert.equal(decide(CUT, "*"), "Allow");
    assert.equal(decide(CUT, "*", EXP - 1), "Allow");
    assert.equal(decide(CUT, "*", EXP), "ExplicitDeny");
    assert.equal(decide(CUT, "*", NBF - 1), "ExplicitDeny");
    assert.equal(decide(CUT, "*", NBF, "eu-south-2"), "ExplicitDeny");
    for (const other of ["sts:AssumeRole", "sts:GetSessionToken", "sts:GetScopedCredentialsX"]) {
      assert.equal(decide(other, "*"), "ExplicitDeny", other);
    }
  });

  test("VAI-147 what fits only without it is refused where it is needed, and granted where it is not", () => {
    const [arn = ""] = STEP.resources;
    const sized = (count: number): Step => ({
      ...STEP,
      resources: Array.from({ length: count }, (_each, index) => `${arn}-${index}`),
    });
    const outcome = (count: number, isCut: boolean): string => {
      const step = sized(count);
      const derived = deriveAuthority(contractOf([step]), step, OPEN, { isCut });
      return isRefusal(derived) ? derived.code : "granted";
    };
    const between = Array.from({ length: 40 }, (_each, index) => index + 1).find(
      (count) => outcome(count, true) !== "granted",
    );
    assert.ok(between !== undefined);
    assert.equal(outcome(between, true), "SESSION_POLICY_TOO_LARGE");
    assert.equal(outcome(between, false), "granted");
  });
});

suite("containment of what is cut before it leaves", () => {
  test("VAI-47 what is sent is proved with this exception; told nothing, it is wider", () => {
    assert.deepEqual(prove(WITH, true), { contained: true });
    const { contained, witness } = prove(WITH, false);
    assert.equal(contained, false);
    assert.equal(witness?.action, CUT);
    assert.deepEqual(prove(WITHOUT, true), { contained: true }, "narrower");
    assert.deepEqual(proveContainment(WITH, CONTRACT, STEP).contained, false);
  });

  test("VAI-47 every form of step is proved with it, and none without being told", () => {
    let proved = 0;
    for (const { name, step } of sampleSteps()) {
      const [, , , region, account] = (step.resources[0] ?? "").split(":");
      const contract = contractOf([step], {
        region: region || "us-east-1",
        account: account || "111122223333",
      });
      const actions = step.actions.map((action) => ({ action }));
      const derived = deriveAuthority(contract, step, { actions }, { isCut: true });
      if (isRefusal(derived)) {
        assert.equal(derived.code, "SESSION_POLICY_TOO_LARGE", name);
        continue;
      }
      const told = (isCut: boolean) =>
        proveContainment(derived.sessionPolicy, contract, step, { isCut }).contained;
      assert.deepEqual([told(true), told(false)], [true, false], name);
      proved += 1;
    }
    assert.ok(proved > 20, `${proved}`);
  });

  /** Each way of saying a little more than the exception, in place of one statement or beside all. */
  const allowing = (change: object): object[] =>
    WITH.Statement.map((each) =>
      each.Resource === "*" && each.Effect === "Allow" ? { ...each, ...change } : each,
    );
  const beside = (statement: object): object[] => [...WITH.Statement, statement];
  const denying = (index: number, change: object): object[] =>
    WITH.Statement.map((each, at) => (at === index ? { ...each, ...change } : each));
  const [FIRST, SECOND] = [2, 3];
  const listed = [WITHOUT.Statement[1]?.NotAction].flat().map(String);
  const inWindow = { DateLessThan: { "aws:CurrentTime": at(NBF) } };
  const WIDER: Readonly<Record<string, readonly object[]>> = {
    "another action of STS": allowing({ Action: "sts:AssumeRole" }),
    "another action beside it": allowing({ Action: [CUT, "sts:AssumeRole"] }),
    "all of STS": allowing({ Action: "sts:*" }),
    "its name as a pattern": allowing({ Action: "sts:GetScoped*" }),
    "its name in other letters": allowing({ Action: CUT.toLowerCase() }),
    "everything but it": allowing({ Action: undefined, NotAction: CUT }),
    "on another resource": allowing({ Resource: "arn:aws:iam::111122223333:role/other" }),
    "on one resource more": allowing({ Resource: ["*", ...STEP.resources] }),
    "under a condition": allowing({ Condition: inWindow }),
    "under an empty condition": allowing({ Condition: {} }),
    "with a name": allowing({ Sid: "Cut" }),
    "an action of the step on everything beside it": beside({
      ...{ Effect: "Allow", Action: listed, Resource: "*" },
    }),
    "its Allow once more, with another action": beside({
      ...{ Effect: "Allow", Action: [CUT, "iam:PassRole"], Resource: "*" },
    }),
    "the first complement spares another action": denying(FIRST, {
      NotAction: [...listed, CUT, "sts:AssumeRole"],
    }),
    "the first complement spares all of STS": denying(FIRST, { NotAction: [...listed, "sts:*"] }),
    "the first complement holds under a condition": denying(FIRST, { Condition: inWindow }),
    "the second complement spares another action": denying(SECOND, {
      NotAction: [CUT, "sts:AssumeRole"],
    }),
    "the second complement spares an action of the step": denying(SECOND, {
      NotAction: [CUT, ...listed],
    }),
    "the second complement spares all of STS": denying(SECOND, { NotAction: "sts:*" }),
    "the second complement holds under a condition": denying(SECOND, { Condition: inWindow }),
    "no second complement": WITH.Statement.filter((_each, index) => index !== SECOND),
    "no first complement": WITH.Statement.filter((_each, index) => index !== FIRST),
    ...Object.fromEntries(
      WITH.Statement.flatMap((each, index) =>
        index > SECOND && each.Action === "*"
          ? [
              [
                `a bound that spares it: ${JSON.stringify(each.Condition)}`,
                denying(index, { Action: undefined, NotAction: CUT }),
              ],
            ]
          : [],
      ),
    ),
  };
  for (const [what, statements] of Object.entries(WIDER)) {
    test(`VAI-47 ${what}: wider, told of the cut or not`, () => {
      const policy = JSON.parse(JSON.stringify({ ...WITH, Statement: statements }));
      assert.equal(prove(policy, true).contained, false);
      assert.equal(prove(policy, false).contained, false);
    });
  }

  test("VAI-47 three bounds spare nothing: before, after, and other regions", () => {
    assert.equal(Object.keys(WIDER).filter((what) => what.startsWith("a bound that")).length, 3);
  });
});
