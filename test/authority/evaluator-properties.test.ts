import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import {
  type AccessRequest,
  evaluatePolicies,
  type Policies,
} from "../../lib/authority/evaluate/evaluate.ts";
import { OPERATORS } from "../../lib/authority/evaluate/operators/index.ts";
import { ACCOUNT, ROLE, SESSION } from "./fixtures.ts";

/*
 * Small worlds: few actions, resources, keys and values, so that statements and requests meet
 * often. Every law is asked of random policies of all kinds at once.
 */

const KEYS = ["vai:one", "vai:many"] as const;
const VALUES = [
  ...["a", "b", "ab", "", "7", "8", "true", "2026-05-05", "203.0.113.9", "QQ=="],
  "arn:aws:iam::000000000000:role/a",
];
const WANTED = [...VALUES, "a*", "*", "203.0.113.0/24", `\${vai:one}`, "arn:aws:iam::*:role/*"];
const ACTIONS = ["s3:GetObject", "s3:PutObject", "sqs:SendMessage"];
const RESOURCES = ["arn:aws:s3:::data/a", "arn:aws:sqs:us-east-1:111111111111:q"];

const oneOrMore = <T>(values: readonly T[]) =>
  fc.oneof(
    fc.constantFrom(...values),
    fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 }),
  );
const baseOperator = fc.constantFrom(...OPERATORS.keys());
const operator = fc.oneof(
  fc
    .tuple(
      fc.constantFrom("", "ForAllValues:", "ForAnyValue:"),
      baseOperator,
      fc.constantFrom("", "IfExists"),
    )
    .map((parts) => parts.join("")),
  fc.constantFrom("Null", "StringMatches"),
);
const condition = fc.dictionary(
  operator,
  fc.dictionary(fc.constantFrom(...KEYS), oneOrMore([...WANTED, "true", "false"]), {
    minKeys: 1,
    maxKeys: 2,
    noNullPrototype: true,
  }),
  { maxKeys: 2, noNullPrototype: true },
);
const action = oneOrMore([...ACTIONS, "s3:*", "*"]);
const resource = oneOrMore([...RESOURCES, "arn:aws:s3:::*", "*"]);
const body = fc
  .tuple(
    fc.oneof(
      action.map((Action) => ({ Action })),
      action.map((NotAction) => ({ NotAction })),
    ),
    fc.oneof(
      resource.map((Resource) => ({ Resource })),
      resource.map((NotResource) => ({ NotResource })),
    ),
    fc.oneof(
      { weight: 2, arbitrary: fc.constant({}) },
      condition.map((Condition) => ({ Condition })),
    ),
  )
  .map(([whichAction, whichResource, when]) => ({ ...whichAction, ...whichResource, ...when }));
type Statement = { readonly Effect: "Allow" | "Deny"; readonly [element: string]: unknown };
const statement: fc.Arbitrary<Statement> = fc
  .tuple(fc.constantFrom("Allow", "Allow", "Allow", "Deny"), body)
  .map(([Effect, rest]) => ({ ...rest, Effect }) as Statement);
const principal = fc.constantFrom(
  ...[SESSION, ROLE, ACCOUNT, "111111111111", "*"].map((AWS) => ({ Principal: { AWS } })),
);
const resourceStatement = fc
  .tuple(statement, principal)
  .map(([each, who]): Statement => ({ ...each, ...who }));

interface Document {
  readonly Version: string;
  readonly Statement: readonly Statement[];
}
const documentOf = (each: fc.Arbitrary<Statement>): fc.Arbitrary<Document> =>
  fc.array(each, { maxLength: 4 }).map((Statement) => ({ Version: "2012-10-17", Statement }));
const document = documentOf(statement);
const EVERYTHING: Document = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
};
/** Often nothing but an Allow of everything: else almost every request would be refused. */
const some = (each: fc.Arbitrary<Document>) => fc.oneof(fc.constant(EVERYTHING), each);
const policies = fc.record(
  {
    identity: fc.array(some(document), { minLength: 1, maxLength: 2 }),
    session: some(document),
    boundary: some(document),
    resource: fc.array(documentOf(resourceStatement), { maxLength: 2 }),
    scp: fc.array(some(document), { minLength: 1, maxLength: 2 }),
  },
  { requiredKeys: ["identity"] },
) as fc.Arbitrary<Policies>;

const values = fc.array(fc.constantFrom(...VALUES), { maxLength: 3 });
const request: fc.Arbitrary<AccessRequest> = fc
  .tuple(
    fc.constantFrom(...ACTIONS),
    fc.constantFrom(...RESOURCES),
    fc.record({ "vai:one": fc.constantFrom(...VALUES), "vai:many": values }, { requiredKeys: [] }),
  )
  .map(([Action, Resource, context]) => ({
    action: Action,
    resource: Resource,
    principalArn: SESSION,
    context: context as AccessRequest["context"],
  }));

const decide = (of: Policies, asked: AccessRequest): string => evaluatePolicies(of, asked).decision;
const allows = (of: Policies, asked: AccessRequest): boolean => decide(of, asked) === "Allow";
const RUNS = { numRuns: 1500 };

/** Every document of every kind, changed. */
const everyDocument = (of: Policies, change: (each: Document) => Document): Policies =>
  Object.fromEntries(
    Object.entries(of).map(([kind, documents]) => [
      kind,
      Array.isArray(documents) ? documents.map(change) : change(documents as Document),
    ]),
  ) as unknown as Policies;

type Kind = keyof Policies;

/** The documents of one kind alone; where there is none, one that changes nothing. */
function ofKind(of: Policies, kind: Kind): Policies {
  const neutral = kind === "resource" ? { ...EVERYTHING, Statement: [] } : EVERYTHING;
  const found = of[kind];
  const isList = kind === "identity" || kind === "resource" || kind === "scp";
  const none = Array.isArray(found) ? found.length === 0 : found === undefined;
  return { identity: [], [kind]: none ? (isList ? [neutral] : neutral) : found };
}

const withDeny =
  (deny: Statement) =>
  (each: Document): Document => ({
    ...each,
    Statement: [...each.Statement, deny],
  });

suite("VAI-47 laws of the evaluator", () => {
  test("VAI-47 the generator reaches every decision", () => {
    const seen = new Map<string, number>();
    for (const [of, asked] of fc.sample(fc.tuple(policies, request), { numRuns: 1500, seed: 1 })) {
      const decision = decide(of, asked);
      seen.set(decision, (seen.get(decision) ?? 0) + 1);
    }
    for (const decision of ["Allow", "ExplicitDeny", "ImplicitDeny"])
      assert.ok((seen.get(decision) ?? 0) > 100, `${decision} ${seen.get(decision)}`);
  });

  for (const kind of ["identity", "session", "boundary", "resource", "scp"] as const) {
    test(`VAI-47 one more Deny in a policy of kind ${kind} never widens`, () => {
      fc.assert(
        fc.property(policies, request, resourceStatement, (of, asked, added) => {
          const { Principal, ...own } = added;
          const deny: Statement = {
            ...own,
            ...(kind === "resource" && { Principal }),
            Effect: "Deny",
          };
          const { [kind]: documents } = ofKind(of, kind);
          const { [kind]: denied } = everyDocument(ofKind(of, kind), withDeny(deny));
          if (allows({ ...of, [kind]: denied }, asked))
            assert.ok(allows({ ...of, [kind]: documents }, asked));
        }),
        RUNS,
      );
    });
  }

  test("VAI-47 one Allow less never widens", () => {
    fc.assert(
      fc.property(policies, request, fc.nat(3), (of, asked, index) => {
        const without = everyDocument(of, (each) => ({
          ...each,
          Statement: each.Statement.filter(({ Effect }, at) => Effect === "Deny" || at !== index),
        }));
        if (allows(without, asked)) assert.ok(allows(of, asked));
      }),
      RUNS,
    );
  });

  for (const kind of ["session", "boundary", "scp"] as const) {
    test(`VAI-47 a policy of kind ${kind} where there was none never widens`, () => {
      fc.assert(
        fc.property(policies, request, document, (of, asked, added) => {
          const { [kind]: _, ...without } = of;
          const limited = { ...without, [kind]: kind === "scp" ? [added] : added };
          if (allows(limited, asked)) assert.ok(allows(without, asked));
        }),
        RUNS,
      );
    });
  }

  test("VAI-42 without a resource policy nothing is allowed that the session policy does not allow", () => {
    fc.assert(
      fc.property(policies, request, document, (of, asked, session) => {
        const { resource: _, ...own } = of;
        const here = { ...asked, resource: RESOURCES[0] ?? "" };
        if (allows({ ...own, session }, here)) assert.ok(allows({ identity: [session] }, here));
      }),
      RUNS,
    );
  });

  test("VAI-42 a session policy that denies is a limit whatever a resource policy grants", () => {
    fc.assert(
      fc.property(policies, request, (of, asked) => {
        const session = {
          Version: "2012-10-17",
          Statement: [{ Effect: "Deny", Action: "*", Resource: "*" }],
        };
        assert.equal(decide({ ...of, session }, asked), "ExplicitDeny");
      }),
      RUNS,
    );
  });

  test("VAI-47 the order of statements and of documents decides nothing", () => {
    fc.assert(
      fc.property(policies, request, (of, asked) => {
        const turned = everyDocument(of, (each) => ({
          ...each,
          Statement: [...each.Statement].reverse(),
        }));
        const around: Policies = {
          ...turned,
          identity: [...turned.identity].reverse(),
          resource: turned.resource && [...turned.resource].reverse(),
          scp: turned.scp && [...turned.scp].reverse(),
        };
        assert.equal(decide(around, asked), decide(of, asked));
      }),
      RUNS,
    );
  });

  test("VAI-14 because says what decided, and nothing else", () => {
    fc.assert(
      fc.property(policies, request, (of, asked) => {
        const { decision, because } = evaluatePolicies(of, asked);
        const effect = { Allow: "Allow", ExplicitDeny: "Deny", ImplicitDeny: "None" }[decision];
        assert.ok(because.length > 0);
        for (const each of because) {
          assert.equal(each.effect, effect);
          const documents = of[each.policy];
          const list = (Array.isArray(documents) ? documents : [documents]) as Document[];
          const source = list[each.document ?? -1]?.Statement[each.index ?? -1];
          assert.deepEqual(each.statement, effect === "None" ? undefined : source);
        }
      }),
      RUNS,
    );
  });
});

type Verdict = "met" | "unmet" | "undecidable";

/** What a condition says, read off an Allow and a Deny that stand under it. */
function verdict(Condition: object, context: AccessRequest["context"]): Verdict {
  const asked = { action: "s3:GetObject", resource: "*", principalArn: SESSION, context };
  const whole = { Effect: "Allow", Action: "*", Resource: "*" };
  const policy = (...Statement: object[]) => ({ identity: [{ Version: "2012-10-17", Statement }] });
  const isMet = allows(policy({ ...whole, Condition }), asked);
  const isDenied = !allows(policy(whole, { ...whole, Effect: "Deny", Condition }), asked);
  assert.ok(!isMet || isDenied, "what meets an Allow meets a Deny");
  return isMet ? "met" : isDenied ? "undecidable" : "unmet";
}

const wanted = fc.uniqueArray(fc.constantFrom(...WANTED), { minLength: 1, maxLength: 3 });
const context = (found: readonly string[]): AccessRequest["context"] =>
  found.length > 0 ? { "vai:k": found } : {};
const opposite = (each: Verdict): Verdict =>
  each === "undecidable" ? each : each === "met" ? "unmet" : "met";

suite("VAI-149 algebra of condition operators", () => {
  const named = (name: string, given: readonly string[], found: readonly string[]): Verdict =>
    verdict({ [name]: { "vai:k": given } }, context(found));

  test("VAI-149 IfExists changes only the answer for an absent key", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("", "ForAllValues:", "ForAnyValue:"),
        baseOperator,
        wanted,
        values,
        (set, base, given, found) => {
          const plain = named(`${set}${base}`, given, found);
          const relaxed = named(`${set}${base}IfExists`, given, found);
          if (found.length > 0 || plain === "undecidable") assert.equal(relaxed, plain);
          else assert.equal(relaxed, "met");
        },
      ),
      RUNS,
    );
  });

  test("VAI-149 a negated operator is the opposite of its affirmative, on one value and on none", () => {
    const pairs = fc.constantFrom(
      ["StringEquals", "StringNotEquals"],
      ["StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"],
      ["StringLike", "StringNotLike"],
      ["NumericEquals", "NumericNotEquals"],
      ["DateEquals", "DateNotEquals"],
      ["IpAddress", "NotIpAddress"],
      ["ArnEquals", "ArnNotEquals"],
      ["ArnLike", "ArnNotLike"],
    );
    fc.assert(
      fc.property(pairs, wanted, fc.option(fc.constantFrom(...VALUES)), (pair, given, found) => {
        const [plain = "", negated = ""] = pair;
        const list = found === null ? [] : [found];
        assert.equal(named(negated, given, list), opposite(named(plain, given, list)));
      }),
      RUNS,
    );
  });

  const textual = fc.constantFrom("StringEquals", "StringNotEquals", "StringLike", "StringNotLike");
  const full = fc.array(fc.constantFrom("a", "b", "ab", "7"), { minLength: 1, maxLength: 3 });

  test("VAI-149 ForAllValues and ForAnyValue agree with the plain operator on each single value", () => {
    fc.assert(
      fc.property(textual, wanted, full, (base, given, found) => {
        const each = found.map((value) => named(base, given, [value]) === "met");
        assert.equal(named(`ForAllValues:${base}`, given, found) === "met", each.every(Boolean));
        assert.equal(named(`ForAnyValue:${base}`, given, found) === "met", each.some(Boolean));
      }),
      RUNS,
    );
  });

  test("VAI-149 not all values match is the same as some value does not", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(["Equals", "NotEquals"], ["Like", "NotLike"]),
        wanted,
        values,
        (pair, given, found) => {
          const [plain, negated] = pair;
          assert.equal(
            named(`ForAllValues:String${plain}`, given, found),
            opposite(named(`ForAnyValue:String${negated}`, given, found)),
          );
        },
      ),
      RUNS,
    );
  });

  test("VAI-149 more values in the policy never make ForAllValues or an affirmative operator stricter", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(
          "StringEquals",
          "StringLike",
          "ForAllValues:StringEquals",
          "ForAnyValue:StringLike",
        ),
        wanted,
        fc.constantFrom(...WANTED),
        values,
        (name, given, more, found) => {
          if (named(name, given, found) === "met")
            assert.equal(named(name, [...given, more], found), "met");
        },
      ),
      RUNS,
    );
  });

  test("VAI-149 ForAllValues with a Null guard is met only by values, and only by listed ones", () => {
    fc.assert(
      fc.property(wanted, values, (given, found) => {
        const guarded = {
          "ForAllValues:StringEquals": { "vai:k": given },
          Null: { "vai:k": "false" },
        };
        if (verdict(guarded, context(found)) !== "met") return;
        assert.ok(found.some((value) => value !== ""));
        assert.ok(found.every((value) => given.includes(value)));
      }),
      RUNS,
    );
  });
});
