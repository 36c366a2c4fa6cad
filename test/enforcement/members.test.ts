import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { suite, test } from "node:test";
import * as z from "zod";
import { contractClaims } from "../../lib/contract/contract.ts";
import { decisionClaims } from "../../lib/proof/proof.ts";
import { executeClaims, issueClaims } from "../../lib/request/request.ts";
import { trustPolicySchema } from "../../lib/trust/policy.ts";
import type { Attack } from "../support/attack.ts";
import type { Change } from "../support/mutate.ts";

/*
 * What a schema accepts, something reads, or it is refused by name. Every member of every signed object has a case
 * whose change of that very member changes the answer; or stands below, with the reason why nothing hangs on it.
 */

interface JsonSchema {
  readonly [name: string]: unknown;
}

/** Members of a schema as pointers; an element of a list, and a name that is free, is `*`. */
function membersOf(schema: JsonSchema, at = ""): string[] {
  const { properties, items, additionalProperties, anyOf } = schema as {
    properties?: Record<string, JsonSchema>;
    items?: JsonSchema;
    additionalProperties?: JsonSchema | boolean;
    anyOf?: readonly JsonSchema[];
  };
  const inner = [
    ...Object.entries(properties ?? {}).flatMap(([name, each]) => membersOf(each, `${at}/${name}`)),
    ...(items === undefined ? [] : membersOf(items, `${at}/*`)),
    ...(typeof additionalProperties === "object" ? [`${at}/*`] : []),
    ...(anyOf ?? []).flatMap((each) => membersOf(each, at).filter((member) => member !== at)),
  ];
  return inner.length === 0 ? [at] : inner;
}

const membersIn = (schema: z.ZodType): string[] => [
  ...new Set(
    membersOf(z.toJSONSchema(schema, { unrepresentable: "any", io: "input" }) as JsonSchema),
  ),
];

type Part = "contract" | "decision" | "issue" | "execute" | "trustPolicy";

const SCHEMAS: Readonly<Record<Part, z.ZodType>> = {
  contract: contractClaims,
  decision: decisionClaims,
  issue: issueClaims,
  execute: executeClaims,
  trustPolicy: trustPolicySchema,
};

const here = new URL("cases/", import.meta.url);
const CASES: readonly Attack[] = readdirSync(here, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".json"))
  .map((file) => JSON.parse(readFileSync(new URL(file, here), "utf8")) as Attack);

const changedBy: Readonly<Record<Part, (attack: Attack) => readonly (Change | undefined)[]>> = {
  contract: ({ mutate, redeem }) => [redeem === undefined ? mutate?.contract : undefined],
  decision: ({ mutate }) => [mutate?.decision],
  issue: ({ mutate, redeem }) => [redeem === undefined ? mutate?.request : undefined],
  execute: ({ redeem }) => [redeem?.request],
  trustPolicy: ({ govern, policy }) => [govern?.trustPolicy, policy],
};

/** Pointers that cases change in a part, and what lies below a value that they put there. */
function changedIn(part: Part): Set<string> {
  const found = new Set<string>();
  const put = (pointer: string, value: unknown): void => {
    found.add(pointer.replace(/\/(?:\d+|-)(?=\/|$)/g, "/*"));
    if (typeof value !== "object" || value === null) return;
    for (const [name, each] of Object.entries(value)) put(`${pointer}/${name}`, each);
  };
  for (const attack of CASES) {
    for (const change of changedBy[part](attack)) {
      for (const [pointer, value] of Object.entries(change?.set ?? {})) put(pointer, value);
      for (const pointer of change?.remove ?? []) put(pointer, undefined);
    }
  }
  return found;
}

/** Whether some case changes the member itself; of a free name, any. */
const isChanged = (member: string, changed: ReadonlySet<string>): boolean =>
  changed.has(member) ||
  [...changed].some((each) => new RegExp(`^${member.replaceAll("*", "[^/]+")}$`).test(each));

/** Members on which nothing hangs, or whose reading another test shows; each with the reason. */
const LISTED = "test/enforcement/people.test.ts, test/enforcement/people-refused.test.ts";
const OTHER_CLASS = "read as the same member of the classes that cases use: test/trust";
const OF_CLASS = (risk: string): Record<string, string> =>
  Object.fromEntries(
    [
      "maxSeconds",
      "contextSeconds",
      "approvals",
      "attestations",
      "classes",
      "veto/*",
      "credentials",
      "rejects",
      "approvalFor/*",
      "registered",
      "maxDepth",
    ].map((member) => [`/governance/${risk}/${member}`, OTHER_CLASS] as const),
  );
const ELSEWHERE: Readonly<Record<Part, Readonly<Record<string, string>>>> = {
  contract: {
    "/obligations/*/class": "test/enforcement/people.test.ts",
    "/delegation/retain": "test/continuity/cases/narrowing",
    "/delegation/labels/*": "test/continuity/cases/narrowing, test/continuity/cases/designation",
  },
  decision: {
    "/jti": "a label of its decider's; the decision is known by its digest",
    "/policy/engine": "a label; id, version and digest say which policy it was",
  },
  issue: {},
  execute: {},
  trustPolicy: {
    "/planeKeys/*/revokedAt":
      "test/enforcement/signing-keys.test.ts, test/enforcement/handles.test.ts",
    "/evaluators/*/name": LISTED,
    "/evaluators/*/class": LISTED,
    "/evaluators/*/keys/*": LISTED,
    "/approvers/*/name": LISTED,
    "/approvers/*/roles/*": LISTED,
    "/approvers/*/keys/*": LISTED,
    "/auditors/*/name": LISTED,
    "/auditors/*/keys/*": LISTED,
    "/agents/*/name": "test/continuity/designate.test.ts",
    "/agents/*/labels/*": "test/continuity/designate.test.ts",
    "/agents/*/jkt": "test/continuity/designate.test.ts",
    "/governance/LOW/maxDepth": "test/trust/policy.test.ts",
    "/governance/MEDIUM/maxDepth": OTHER_CLASS,
    "/breakGlass/*/spool": "test/enforcement/spool.test.ts",
    "/governance/LOW/rejects": "test/proof/votes.test.ts",
    "/governance/MEDIUM/rejects": "test/proof/votes.test.ts",
    "/governance/MEDIUM/approvalFor/*": OTHER_CLASS,
    "/governance/MEDIUM/registered": OTHER_CLASS,
    "/governance/MEDIUM/approvals": OTHER_CLASS,
    "/governance/MEDIUM/veto/*": OTHER_CLASS,
    "/governance/MEDIUM/credentials": OTHER_CLASS,
    ...OF_CLASS("HIGH"),
    ...OF_CLASS("CRITICAL"),
  },
};

suite("what a schema accepts is read, or refused by name", () => {
  for (const [part, schema] of Object.entries(SCHEMAS) as [Part, z.ZodType][]) {
    test(`PROTOCOL.md §1 each member of ${part} decides something in a case`, () => {
      const changed = changedIn(part);
      const members = membersIn(schema);
      assert.ok(members.length > 5);
      const listed = ELSEWHERE[part];
      const silent = members.filter((each) => !isChanged(each, changed) && !(each in listed));
      assert.deepEqual(silent, []);
      const needless = Object.keys(listed).filter(
        (each) => !members.includes(each) || isChanged(each, changed),
      );
      assert.deepEqual(needless, [], "listed although a case shows it, or it is none");
    });
  }
});
