import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { evaluatePolicies, type Policies } from "../../lib/authority/evaluate/evaluate.ts";
import { EVERYTHING, SESSION } from "./fixtures.ts";

const request = {
  action: "s3:GetObject",
  resource: "arn:aws:s3:::a/b",
  principalArn: SESSION,
  context: {},
};
const whole = { Effect: "Allow", Action: "*", Resource: "*" };
const document = (...statements: object[]) => ({ Version: "2012-10-17", Statement: statements });

/** Documents that nobody could mean, each of them an Allow of everything if read carelessly. */
const UNREADABLE: Readonly<Record<string, object>> = {
  "an unknown element of a statement": document({ ...whole, NotCondition: {} }),
  "an unknown element of the document": { ...document(whole), Comment: "" },
  "Action and NotAction": document({ ...whole, NotAction: "iam:*" }),
  "neither Action nor NotAction": document({ Effect: "Allow", Resource: "*" }),
  "Resource and NotResource": document({ ...whole, NotResource: "*" }),
  "Principal and NotPrincipal": document({ ...whole, Principal: "*", NotPrincipal: "*" }),
  "a principal of an unknown kind": document({ ...whole, Principal: { aws: SESSION } }),
  "an effect in other letters": document({ ...whole, Effect: "allow" }),
  "another version": { ...document(whole), Version: "2025-01-01" },
  "no statement": { Version: "2012-10-17" },
  "a list of documents": [document(whole)],
  "an action that is a number": document({ ...whole, Action: 7 }),
  "no action in the list": document({ ...whole, Action: [] }),
  "no resource in the list": document({ ...whole, Resource: [] }),
  "a condition that is a text": document({ ...whole, Condition: "StringEquals" }),
  "an operator without keys": document({ ...whole, Condition: { StringEquals: "a" } }),
  "a condition value that is null": document({
    ...whole,
    Condition: { StringEquals: { "vai:k": null } },
  }),
};

/** What a principal's policy cannot be; ignoring it would widen. */
const MISPLACED: Readonly<Record<string, object>> = {
  "a statement for somebody else": document({ ...whole, Principal: { AWS: "111111111111" } }),
  "a statement for all but somebody": document({ ...whole, NotPrincipal: { AWS: SESSION } }),
  "a statement without resource": document({ Effect: "Allow", Action: "*" }),
};

const KINDS: Readonly<Record<string, (policy: object) => Policies>> = {
  identity: (policy) => ({ identity: [policy] }),
  session: (policy) => ({ identity: [EVERYTHING], session: policy }),
  boundary: (policy) => ({ identity: [EVERYTHING], boundary: policy }),
  scp: (policy) => ({ identity: [EVERYTHING], scp: [policy] }),
};
const RESOURCE = (policy: object): Policies => ({ identity: [EVERYTHING], resource: [policy] });

suite("VAI-14 documents are read strictly", () => {
  for (const [kind, policies] of Object.entries({ ...KINDS, resource: RESOURCE })) {
    for (const [name, policy] of Object.entries(UNREADABLE)) {
      test(`VAI-14 ${name} in a policy of kind ${kind} is a fault, not an answer`, () => {
        assert.throws(() => evaluatePolicies(policies(policy), request), TypeError);
      });
    }
  }
  for (const [kind, policies] of Object.entries(KINDS)) {
    for (const [name, policy] of Object.entries(MISPLACED)) {
      test(`VAI-14 ${name} in a policy of kind ${kind} is a fault, not an answer`, () => {
        assert.throws(() => evaluatePolicies(policies(policy), request), TypeError);
        // Also when the same object was read as a resource's policy before.
        evaluatePolicies(RESOURCE(policy), request);
        assert.throws(() => evaluatePolicies(policies(policy), request), TypeError);
      });
    }
  }
});

test("VAI-47 a document changed in place is judged as what it is now", () => {
  const statement = { Effect: "Allow", Action: ["s3:PutObject"], Resource: "*" };
  const policy = document(statement);
  assert.equal(evaluatePolicies({ identity: [policy] }, request).decision, "ImplicitDeny");
  statement.Action.push("s3:GetObject");
  assert.equal(evaluatePolicies({ identity: [policy] }, request).decision, "Allow");
});

test("VAI-14 because holds the statements that decided and where they are", () => {
  const deny = { Sid: "NoReads", Effect: "Deny", Action: "s3:Get*", Resource: "*" };
  assert.deepEqual(evaluatePolicies({ identity: [document(), document(whole, deny)] }, request), {
    decision: "ExplicitDeny",
    because: [
      {
        ...{ policy: "identity", document: 1, index: 1, sid: "NoReads", effect: "Deny" },
        statement: deny,
      },
    ],
  });
});

test("VAI-14 a condition without operators or keys is none", () => {
  for (const Condition of [{}, { StringEquals: {} }]) {
    const identity = [document({ ...whole, Condition })];
    assert.equal(evaluatePolicies({ identity }, request).decision, "Allow");
  }
});
