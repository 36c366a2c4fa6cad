import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import type { PolicyDocument, Statement } from "../../lib/authority/evaluate/iam-document.ts";
import { difference } from "../../lib/doctor/policies/normal-form.ts";

const isSame = (one: PolicyDocument, other: PolicyDocument): boolean => {
  const { added, missing } = difference(one, other);
  return added.length === 0 && missing.length === 0;
};

const some = (...values: string[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 });
const ACCOUNTS = ["111122223333", "arn:aws:iam::444455556666:root", "arn:aws:iam::1:user/a"];

const statement: fc.Arbitrary<Statement> = fc.record(
  {
    Sid: fc.constantFrom("One", "Two"),
    Effect: fc.constantFrom("Allow" as const, "Deny" as const),
    Principal: fc.oneof(fc.constant("*" as const), fc.record({ AWS: some(...ACCOUNTS) })),
    Action: some("kms:Sign", "kms:GetPublicKey", "dynamodb:PutItem"),
    Resource: some("arn:aws:s3:::a", "arn:aws:s3:::b", "arn:aws:s3:::b/*"),
    Condition: fc.dictionary(
      fc.constantFrom("StringEquals", "ArnNotLike"),
      fc.dictionary(fc.constantFrom("aws:PrincipalArn", "kms:MessageType"), some("x", "y"), {
        minKeys: 1,
      }),
      { minKeys: 1 },
    ),
  },
  { requiredKeys: ["Effect", "Action", "Resource"] },
);

const document = fc.record({
  Version: fc.constant("2012-10-17" as const),
  Statement: fc.array(statement, { minLength: 1, maxLength: 4 }),
});

/** The same list in another order, or a single value on its own. */
const respelled = (value: string | readonly string[]): string | string[] => {
  const list = [value].flat().toReversed() as string[];
  return list.length === 1 ? (list[0] ?? "") : list;
};

/** Says the same in other words: order, single values, letter case of names, an account's two spellings. */
function saidOtherwise({ Version, Statement }: PolicyDocument): PolicyDocument {
  const statements = [Statement].flat().toReversed().map(otherwise);
  return {
    Statement: statements.length === 1 ? (statements[0] as Statement) : statements,
    Version,
  };
}

function otherwise({
  Sid: _,
  Principal,
  Action,
  Resource,
  Condition,
  ...rest
}: Statement): Statement {
  const accounts = (name: string): string =>
    name.length === 12
      ? `arn:aws:iam::${name}:root`
      : name.replace(/^arn:.*::(\d{12}):root$/, "$1");
  return {
    ...(Condition && {
      Condition: Object.fromEntries(
        Object.entries(Condition)
          .toReversed()
          .map(([operator, keys]) => [
            operator,
            Object.fromEntries(
              Object.entries(keys)
                .toReversed()
                .map(([key, values]) => [key.toUpperCase(), respelled(values as string[])]),
            ),
          ]),
      ),
    }),
    Resource: respelled(Resource ?? []),
    Action: respelled([Action ?? []].flat().map((each) => each.toUpperCase())),
    ...(Principal === "*" && { Principal: { AWS: "*" } }),
    ...(typeof Principal === "object" && {
      Principal: { AWS: respelled([Principal.AWS ?? []].flat().map(accounts)) },
    }),
    ...rest,
  };
}

/** Each lets somebody do more, by one edit of the statement that it is given. */
const WIDENINGS: Readonly<Record<string, (from: Statement) => Statement | undefined>> = {
  "a statement less": ({ Effect }) => (Effect === "Deny" ? undefined : { ...ADDED }),
  "an action more": (from) => ({ ...from, Action: [from.Action ?? [], "kms:CreateGrant"].flat() }),
  "a resource more": (from) => ({ ...from, Resource: [from.Resource ?? [], "*"].flat() }),
  "all actions but one": ({ Action: _, ...from }) => ({ ...from, NotAction: "iam:PassRole" }),
  "another principal": (from) => ({ ...from, Principal: { AWS: "arn:aws:iam::9:user/mallory" } }),
  "a service": (from) => ({ ...from, Principal: { Service: "ec2.amazonaws.com" } }),
  "an excepted principal": (from) => ({
    ...from,
    Condition: { ...from.Condition, ArnNotEquals: { "aws:PrincipalArn": "arn:aws:iam::9:user/m" } },
  }),
  "another effect": (from) => ({ ...from, Effect: from.Effect === "Deny" ? "Allow" : "Deny" }),
};
const ADDED: Statement = { Effect: "Allow", Action: "iam:*", Resource: "*" };

suite("documents compared as wholes", () => {
  test("USR-12 what says the same in another order or spelling is no difference", () =>
    fc.assert(fc.property(document, (given) => assert.ok(isSame(given, saidOtherwise(given))))));

  for (const [what, widen] of Object.entries(WIDENINGS)) {
    test(`USR-12 ${what} is a difference, whatever else the document says`, () =>
      fc.assert(
        fc.property(document, fc.nat(), (given, at) => {
          const statements = [given.Statement].flat();
          const index = at % statements.length;
          const widened = widen(statements[index] as Statement);
          // The edited statement alone, so that its double beside it does not stand in for it.
          const one = { ...given, Statement: [statements[index] as Statement] };
          const other = { ...given, Statement: widened === undefined ? [] : [widened] };
          assert.ok(!isSame(one, other));
          assert.ok(!isSame(other, one));
        }),
      ));
  }

  test("USR-12 a statement more, and one less, are told apart and named", () => {
    const one: PolicyDocument = { Version: "2012-10-17", Statement: [ADDED] };
    const deny: Statement = { ...ADDED, Effect: "Deny" };
    assert.deepEqual(difference(one, { ...one, Statement: [ADDED, deny] }), {
      ...{ added: [deny], missing: [] },
    });
    assert.deepEqual(difference({ ...one, Statement: [ADDED, deny] }, one), {
      ...{ added: [], missing: [deny] },
    });
  });

  test("USR-12 what a statement leaves out counts: other actions, resources or principals", () => {
    const leaving = (member: "NotAction" | "NotResource" | "NotPrincipal", value: string) => {
      const { Action: _, ...without } = ADDED;
      const kept = member === "NotAction" ? without : ADDED;
      const left = member === "NotPrincipal" ? { AWS: value } : value;
      return { Version: "2012-10-17" as const, Statement: [{ ...kept, [member]: left }] };
    };
    for (const member of ["NotAction", "NotResource", "NotPrincipal"] as const) {
      assert.ok(!isSame(leaving(member, "iam:PassRole"), leaving(member, "kms:Sign")), member);
      assert.ok(isSame(leaving(member, "kms:Sign"), leaving(member, "kms:Sign")), member);
    }
  });

  test("USR-12 the version counts: in that of 2008 a policy variable is text", () => {
    const { Version: _, ...old } = { Version: "2012-10-17", Statement: [ADDED] } as const;
    assert.ok(!isSame({ Version: "2012-10-17", Statement: [ADDED] }, { Statement: [ADDED] }));
    assert.ok(
      isSame({ Version: "2008-10-17", ...old, Statement: [ADDED] }, { Statement: [ADDED] }),
    );
  });

  test("USR-12 values of a condition keep their letter case, and two spellings of a key stay two conditions", () => {
    const having = (Condition: NonNullable<Statement["Condition"]>): PolicyDocument => ({
      ...{ Version: "2012-10-17", Statement: [{ ...ADDED, Condition }] },
    });
    const one = having({ StringEquals: { "kms:MessageType": "DIGEST" } });
    assert.ok(!isSame(one, having({ StringEquals: { "kms:MessageType": "digest" } })));
    const two = having({ StringEquals: { "kms:MessageType": "DIGEST", "KMS:MessageType": "RAW" } });
    assert.ok(!isSame(one, two));
    assert.ok(
      isSame(
        having({ Bool: { "aws:SecureTransport": true } }),
        having({ Bool: { "aws:SecureTransport": ["true"] } }),
      ),
    );
  });
});
