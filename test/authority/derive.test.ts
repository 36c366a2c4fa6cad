import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { deriveAuthority } from "../../lib/authority/derive/derive.ts";
import { MAX_SESSION_POLICY, policyText } from "../../lib/authority/derive/session-policy.ts";
import type { Contract } from "../../lib/contract/contract.ts";
import type { Step } from "../../lib/contract/step.ts";
import { isRefusal, type Refusal } from "../../lib/refusal.ts";
import type { TrustPolicy } from "../../lib/trust/policy.ts";
import {
  contractOf,
  FUNCTION,
  NBF,
  TABLE,
  trustPolicy,
  updateAlias,
  updateItem,
} from "./fixtures.ts";

const STEP = "/contract/authorization_details/0";

function derive(step: Step, changes: Partial<Contract> = {}, believed: TrustPolicy = trustPolicy) {
  return deriveAuthority(contractOf([step], changes), step, believed);
}

function mapOf(step: Step, changes: Partial<Contract> = {}): Record<string, string> {
  const authority = derive(step, changes);
  if (isRefusal(authority)) throw new Error(authority.detail);
  return Object.fromEntries(
    authority.enforcement.map(({ constraint, enforcedBy }) => [constraint, enforcedBy.join(" ")]),
  );
}

function refusalOf(step: Step, changes: Partial<Contract> = {}, believed?: TrustPolicy): Refusal {
  const refusal = derive(step, changes, believed);
  assert.ok(isRefusal(refusal), "is refused");
  return refusal;
}

suite("VAI-43 every constraint has a home", () => {
  test("VAI-43 the map of an alias shift", () => {
    assert.deepEqual(mapOf(updateAlias()), {
      "/nbf": "trustPlane iam adapter",
      "/exp": "trustPlane iam adapter",
      "/account": "trustPlane iam",
      "/region": "trustPlane iam adapter",
      "/authorization_details/0/actions": "trustPlane iam adapter",
      "/authorization_details/0/resources": "trustPlane iam adapter",
      "/authorization_details/0/parameters": "trustPlane adapter",
      "/authorization_details/0/parameters/alias": "trustPlane adapter",
      "/authorization_details/0/parameters/version": "trustPlane adapter",
      "/authorization_details/0/parameters/percent": "trustPlane adapter",
      "/authorization_details/0/limits/calls": "trustPlane",
      "/authorization_details/0/limits/totals/percent": "trustPlane",
    });
  });

  test("VAI-43 pointers are escaped; the one key of an item is held by IAM", () => {
    const map = mapOf(
      updateItem({ parameters: { "key/a~b": { exact: "x" }, "set/weight": { exact: 1 } } }),
    );
    assert.equal(map["/authorization_details/0/parameters/key~1a~0b"], "trustPlane iam adapter");
    assert.equal(map["/authorization_details/0/parameters/set~1weight"], "trustPlane adapter");
  });

  test("VAI-43 of two keys IAM holds neither fully", () => {
    const parameters = {
      "key/pk": { exact: "a" },
      "key/sk": { exact: "b" },
      "set/weight": { exact: 1 },
    };
    const map = mapOf(updateItem({ parameters }));
    assert.equal(map["/authorization_details/0/parameters/key~1pk"], "trustPlane adapter");
  });

  test("VAI-44 unbounded: everything but the number of calls is held by IAM", () => {
    const map = mapOf(updateItem({ parameters: "unbounded" }), { deliveries: ["credentials"] });
    const others = Object.entries(map).filter(([, by]) => !by.includes("iam"));
    assert.deepEqual(others, [["/authorization_details/0/limits/calls", "trustPlane"]]);
  });

  test("VAI-43 assumptions and obligations", () => {
    const assumption = {
      name: "live-is-6",
      read: "lambda:GetAlias",
      resource: FUNCTION,
      parameters: { alias: "live" },
      path: "/FunctionVersion",
      expect: { exact: "6" },
      maxAgeSeconds: 60,
      recheck: true,
    } as const;
    const map = mapOf(updateAlias(), {
      assumptions: [assumption, { ...assumption, recheck: false }],
      obligations: [{ kind: "readBack", name: "routing", dueSeconds: 60 }],
    });
    assert.equal(map["/assumptions/0"], "trustPlane adapter");
    assert.equal(map["/assumptions/1"], "trustPlane");
    assert.equal(map["/obligations/0"], "adapter");
  });

  test("VAI-43 the step is found by its id, not by its place", () => {
    const contract = contractOf([updateItem(), updateAlias()], { partition: "aws" });
    const authority = deriveAuthority(contract, updateAlias(), trustPolicy);
    assert.ok(!isRefusal(authority));
    const pointers = authority.enforcement.map(({ constraint }) => constraint);
    assert.ok(pointers.includes("/authorization_details/1/parameters/percent"));
    assert.ok(pointers.includes("/partition"));
    assert.ok(!pointers.some((each) => each.startsWith("/authorization_details/0/")));
  });

  const HOMELESS: [string, Step, Partial<Contract>, string][] = [
    [
      "a parameter that the action does not have",
      updateAlias({ parameters: { alias: { exact: "live" }, "routing/weight": { exact: 1 } } }),
      {},
      "/contract/authorization_details/0/parameters/routing~1weight",
    ],
    [
      "a parameter that only one of two actions has",
      updateItem({
        actions: ["dynamodb:UpdateItem", "lambda:UpdateAlias"],
        resources: [TABLE, FUNCTION],
      }),
      {},
      "/contract/authorization_details/0/parameters/key~1pk",
    ],
    [
      "an obligation that nobody fulfils",
      updateAlias(),
      { obligations: [{ kind: "notify", name: "sre", dueSeconds: 60 }] },
      "/contract/obligations/0",
    ],
    [
      "a resource that no action works on",
      updateItem({ resources: [TABLE, FUNCTION] }),
      {},
      "/contract/authorization_details/0/resources/1",
    ],
    [
      "a qualified function",
      updateAlias({ resources: [`${FUNCTION}:live`] }),
      {},
      "/contract/authorization_details/0/resources/0",
    ],
    [
      "an index instead of a table",
      updateItem({ resources: [`${TABLE}/index/i`] }),
      {},
      "/contract/authorization_details/0/resources/0",
    ],
    [
      "a resource of another account",
      updateItem(),
      { account: "111111111111" },
      "/contract/authorization_details/0/resources/0",
    ],
    [
      "a resource of another region",
      updateItem(),
      { region: "eu-west-1" },
      "/contract/authorization_details/0/resources/0",
    ],
    [
      "a resource of another partition",
      updateItem(),
      { partition: "aws-cn" },
      "/contract/authorization_details/0/resources/0",
    ],
    [
      "an action without a resource",
      updateItem({
        actions: ["dynamodb:UpdateItem", "lambda:UpdateAlias"],
        parameters: "unbounded",
      }),
      {},
      "/contract/authorization_details/0/actions/1",
    ],
  ];
  for (const [name, step, changes, pointer] of HOMELESS) {
    test(`ADV-41 nobody could enforce ${name}`, () => {
      const refusal = refusalOf(step, changes);
      assert.equal(refusal.code, "SESSION_POLICY_INEXPRESSIBLE");
      assert.equal(refusal.pointer, pointer);
    });
  }
});

const REFUNDS = `${FUNCTION}:live`;
const invoke = (changes: Partial<Step> = {}): Step => ({
  ...{ type: "aws", id: "refund", actions: ["lambda:InvokeFunction"], resources: [REFUNDS] },
  parameters: { "payload/amount": { range: { max: 500 } }, "payload/clientToken": { exact: "a" } },
  ...changes,
});
const opened = {
  actions: [{ action: "lambda:InvokeFunction" }, { action: "lambda:UpdateAlias" }],
} as unknown as TrustPolicy;

suite("VAI-43 POC-25 a function that is invoked", () => {
  test("VAI-43 IAM holds the qualified function, and neither the form of the call nor its payload", () => {
    const authority = derive(invoke(), {}, opened);
    assert.ok(!isRefusal(authority), JSON.stringify(authority));
    const map = authority.enforcement.map((each) => [each.constraint, each.enforcedBy.join(" ")]);
    const place = "/authorization_details/0";
    assert.deepEqual(map.slice(4), [
      [`${place}/actions`, "trustPlane adapter"],
      [`${place}/resources`, "trustPlane iam adapter"],
      [`${place}/parameters`, "trustPlane adapter"],
      [`${place}/parameters/payload~1amount`, "trustPlane adapter"],
      [`${place}/parameters/payload~1clientToken`, "trustPlane adapter"],
      [`${place}/limits/calls`, "trustPlane"],
    ]);
  });

  const unseen = { obligations: [{ kind: "readBack", name: "seen", dueSeconds: 60 }] };
  const attested = { kind: "event", name: "attested", dueSeconds: 60 };
  const NOBODY: [string, Step, Partial<Contract>, string][] = [
    ["without its qualifier", invoke({ resources: [FUNCTION] }), {}, `${STEP}/resources/0`],
    ["as $LATEST", invoke({ resources: [`${FUNCTION}:$LATEST`] }), {}, `${STEP}/resources/0`],
    [
      "with a parameter that is no member of a payload",
      invoke({ parameters: { qualifier: { exact: "live" } } }),
      {},
      `${STEP}/parameters/qualifier`,
    ],
    ["and read back", invoke(), unseen, "/contract/obligations/0"],
    [
      "and read back beside what is attested",
      invoke(),
      { obligations: [attested, ...unseen.obligations] },
      "/contract/obligations/1",
    ],
    [
      "beside another action, whose function would be open to it without its qualifier",
      invoke({
        ...{ actions: ["lambda:UpdateAlias", "lambda:InvokeFunction"] },
        ...{ resources: [FUNCTION, REFUNDS], parameters: "unbounded" },
      }),
      {},
      `${STEP}/actions/1`,
    ],
  ];
  for (const [name, step, changes, pointer] of NOBODY) {
    test(`VAI-43 nobody could enforce that it is invoked ${name}`, () => {
      const refusal = refusalOf(step, changes, opened);
      assert.deepEqual([refusal.code, refusal.pointer], ["SESSION_POLICY_INEXPRESSIBLE", pointer]);
    });
  }

  test("VAI-43 what is attested of it later has its home", () => {
    assert.ok(!isRefusal(derive(invoke(), { obligations: [attested] }, opened)));
  });
});

suite("VAI-147 what does not fit is refused, never dropped", () => {
  const tables = (count: number) =>
    Array.from({ length: count }, (_, index) => TABLE.replace("Flags", `Flags-${index}`));

  test("ADV-40 sixty targets", () => {
    const refusal = refusalOf(updateItem({ resources: tables(60) }));
    assert.equal(refusal.code, "SESSION_POLICY_TOO_LARGE");
    assert.equal(refusal.pointer, "/contract/authorization_details/0");
  });

  test("VAI-147 the longest that fits is whole", () => {
    for (let count = 1; count <= 60; count++) {
      const authority = derive(updateItem({ resources: tables(count) }));
      if (isRefusal(authority)) return assert.ok(count > 3, `${count} tables`);
      const text = policyText(authority.sessionPolicy);
      assert.ok(text.length <= MAX_SESSION_POLICY);
      assert.equal(text.split("table/Flags-").length - 1, 2 * count, "each in Allow and Deny");
    }
    return assert.fail("never refused");
  });
});

suite("VAI-148 text that IAM would expand", () => {
  const BAD: [string, Step, string][] = [
    [
      "ADV-05 a variable in a target",
      updateItem({
        resources: [`arn:aws:dynamodb:us-east-1:000000000000:table/\${aws:PrincipalTag/x}`],
      }),
      "/resources/0",
    ],
    ["ADV-04 a star in a target", updateItem({ resources: [`${TABLE}*`] }), "/resources/0"],
    [
      "VAI-148 a star in a key",
      updateItem({ parameters: { "key/pk": { exact: "svc-*" }, "set/weight": { exact: 1 } } }),
      "/parameters/key~1pk",
    ],
    [
      "VAI-148 a star within a prefix",
      updateItem({ parameters: { "key/pk": { prefix: "s*c-" }, "set/weight": { exact: 1 } } }),
      "/parameters/key~1pk",
    ],
    [
      "VAI-148 a star at the end of a prefix",
      updateItem({ parameters: { "key/pk": { prefix: "svc-*" }, "set/weight": { exact: 1 } } }),
      "/parameters/key~1pk",
    ],
    [
      "VAI-148 a question mark in an attribute's name",
      updateItem({ parameters: { "key/pk": { exact: "a" }, "set/w?": { exact: 1 } } }),
      "/parameters/set~1w?",
    ],
    [
      "VAI-148 a letter that IAM cannot hold",
      updateItem({ parameters: { "key/pk": { exact: "ä" }, "set/weight": { exact: 1 } } }),
      "/parameters/key~1pk",
    ],
  ];
  for (const [title, step, place] of BAD) {
    test(title, () => {
      const refusal = refusalOf(step);
      assert.equal(refusal.code, "CONTRACT_OVERBROAD");
      assert.equal(refusal.pointer, `/contract/authorization_details/0${place}`);
    });
  }

  test("VAI-148 what IAM does not carry may hold anything", () => {
    const parameters = { "key/pk": { exact: "a" }, "set/note": { exact: "100 % ä * ?" } };
    assert.ok(!isRefusal(derive(updateItem({ parameters }))));
  });
});

suite("VAI-14 what derivation refuses besides", () => {
  test("VAI-14 an action that the trust policy does not open", () => {
    const refusal = refusalOf(updateAlias(), {}, { actions: [] } as unknown as TrustPolicy);
    assert.equal(refusal.code, "ACTION_UNREGISTERED");
    assert.equal(refusal.pointer, "/contract/authorization_details/0/actions/0");
  });

  test("ADV-06 an action in another letter case", () => {
    assert.equal(
      refusalOf(updateAlias({ actions: ["lambda:updateAlias"] })).code,
      "ACTION_UNREGISTERED",
    );
  });

  test("VAI-116 no time left", () => {
    const refusal = deriveAuthority(contractOf([updateItem()]), updateItem(), trustPolicy, {
      notAfter: NBF,
    });
    assert.ok(isRefusal(refusal));
    assert.equal(refusal.code, "CONTRACT_EXPIRED");
  });

  test("VAI-14 a step of another contract is a fault", () => {
    assert.throws(() => deriveAuthority(contractOf([updateItem()]), updateAlias(), trustPolicy), {
      code: "INTERNAL_FAULT",
    });
  });
});
