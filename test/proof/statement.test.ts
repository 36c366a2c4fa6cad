import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import fc from "fast-check";
import { type Contract, contractClaims, readContract } from "../../lib/contract/contract.ts";
import type { Digest } from "../../lib/encoding/digest.ts";
import { approvalStatement, statementDigest } from "../../lib/proof/statement.ts";
import { isRefusal } from "../../lib/refusal.ts";

const VECTOR = new URL("../contract/vectors/governed-intent.json", import.meta.url);
const HEX = "0123456789abcdef";
const digestOf = (digit: string): Digest => `sha256:${digit.repeat(64)}`;

const uuid = fc.uuid().map((each) => each.toLowerCase());
const digest = fc.constantFrom(...HEX).map(digestOf);
/** Whatever a label may hold: other scripts, look-alikes, quotes, backslashes, pairs of surrogates. */
const text = fc
  .array(fc.constantFrom(...'aZ0 "\\/%é', "а", "漢", "🔑", "\u00a0", "ﬁ", "́"), {
    minLength: 1,
    maxLength: 12,
  })
  .map((all) => all.join(""));
const seconds = fc.integer({ min: 1_700_000_000, max: 1_900_000_000 });
const scalar = fc.oneof(text, fc.integer({ min: -5, max: 5 }), fc.boolean());
const constraint = fc.oneof(
  scalar.map((exact) => ({ exact })),
  fc.array(text, { minLength: 1, maxLength: 3 }).map((oneOf) => ({ oneOf })),
  fc
    .record(
      { min: fc.integer({ min: 0, max: 9 }), max: fc.integer({ min: 0, max: 9 }) },
      { requiredKeys: ["max"] },
    )
    .map((range) => ({ range })),
  fc.constant({ absent: true as const }),
);
const arn = text.map((name) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`);
const optional = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(of, { nil: undefined });
const parameters = fc.dictionary(text, constraint, { maxKeys: 4 });

const step = (id: string, before: readonly string[]) =>
  fc.record({
    ...{ type: fc.constant("aws"), id: fc.constant(id) },
    actions: fc.constantFrom(["lambda:UpdateAlias"], ["s3:PutObject", "s3:GetObject"]),
    resources: fc.uniqueArray(arn, { minLength: 1, maxLength: 2 }),
    ...{ parameters },
    limits: optional(fc.record({ calls: fc.integer({ min: 1, max: 16 }) })),
    after: optional(fc.subarray([...before])),
    gate: optional(fc.constantFrom("none", "approval")),
  });

const contract = fc
  .record({
    ...{ ver: fc.constant(1), iss: text, aud: text, jti: uuid, iat: seconds },
    intent: fc.record({ id: uuid, digest }),
    context: fc.record({ digest }),
    decision: fc.record({ digest }),
    actor: fc.record({ id: text, kind: fc.constantFrom("agent", "human", "workflow", "service") }),
    cnf: fc.record({ jkt: fc.constantFrom(..."AB").map((each) => each.repeat(43)) }),
    purpose: text,
    risk: fc.constantFrom("LOW", "MEDIUM", "HIGH", "CRITICAL"),
    partition: optional(fc.constantFrom("aws", "aws-cn")),
    account: fc.constantFrom("000000000000", "111111111111"),
    region: fc.constantFrom("us-east-1", "eu-central-1"),
    deliveries: fc.subarray(["execute", "handle"], { minLength: 1 }),
    authorization_details: fc.tuple(
      step("one", []),
      step("two", ["one"]),
      step("three", ["one", "two"]),
    ),
    assumptions: optional(
      fc.array(
        fc.record({
          ...{ name: text, read: fc.constant("lambda:GetAlias"), resource: arn },
          parameters: fc.dictionary(text, scalar, { maxKeys: 2 }),
          ...{ path: fc.constant("/FunctionVersion"), expect: constraint },
          ...{ maxAgeSeconds: fc.integer({ min: 1, max: 600 }), recheck: fc.boolean() },
        }),
        { maxLength: 2 },
      ),
    ),
    obligations: optional(
      fc.array(
        fc.record({
          kind: fc.constant("readBack"),
          name: text,
          dueSeconds: fc.integer({ min: 1, max: 600 }),
        }),
        { maxLength: 2 },
      ),
    ),
    revokeOn: optional(fc.subarray(["contextChanged", "policyChanged", "riskSignal"])),
    delegation: optional(
      fc.record(
        {
          maxDepth: fc.integer({ min: 0, max: 32 }),
          retain: fc.boolean(),
          labels: fc.array(text, { maxLength: 2 }),
        },
        { requiredKeys: ["maxDepth"] },
      ),
    ),
    breakGlass: optional(fc.record({ policy: text, incident: text })),
    origin: optional(fc.record({ plane: text, chainDigest: digest })),
  })
  .map((members) => {
    const all = { ...members, nbf: members.iat + 5, exp: members.iat + 600 };
    return JSON.parse(JSON.stringify(all)) as Contract;
  })
  .filter((claims) => contractClaims.safeParse(claims).success);

/** RFC 8785 text by an own writer, character by character, and nothing in it that is not printable ASCII. */
function quote(value: string): string {
  let out = "";
  for (let at = 0; at < value.length; at++) {
    const unit = value.charCodeAt(at);
    const short = SHORT[unit];
    if (short !== undefined) out += `\\${short}`;
    else if (unit >= 0x20 && unit <= 0x7e) out += value[at];
    else out += `\\u${[12, 8, 4, 0].map((shift) => HEX[(unit >> shift) & 15]).join("")}`;
  }
  return `"${out}"`;
}

/** The escapes of two characters, RFC 8785 §3.2.2.2. */
const SHORT: Readonly<Record<number, string>> = {
  ...{ 8: "b", 9: "t", 10: "n", 12: "f", 13: "r" },
  ...{ 34: '"', 92: "\\" },
};

function json(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (value === null || typeof value !== "object") return String(value);
  if (Array.isArray(value)) return `[${value.map(json).join(",")}]`;
  return `{${sorted(value)
    .map(([name, each]) => `${quote(name)}:${json(each)}`)
    .join(",")}}`;
}

const sorted = (value: object): [string, unknown][] =>
  Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
const time = (at: number): string => quote(new Date(at * 1000).toISOString());

/** The statement once more, from the page alone. */
function written(c: Contract, own: Digest, step?: string): string {
  const delegation = c.delegation && { retain: false, labels: [], planes: [], ...c.delegation };
  const list = (name: string, all: readonly unknown[] = []): string =>
    `${name}s ${all.length}\n${all.map((each) => `  ${name} ${json(each)}\n`).join("")}`;
  const approves = step === undefined ? "the whole contract" : `the gate of step ${json(step)}`;
  return `vai approval statement 1
contract ${json(own)} id ${json(c.jti)} version ${json(c.ver)}
approves ${approves}
issuer ${json(c.iss)} plane ${json(c.aud)}
intent ${json(c.intent.id)} ${json(c.intent.digest)}
context ${json(c.context.digest)} decision ${json(c.decision.digest)}
purpose ${json(c.purpose)}
actor ${json(c.actor.id)} kind ${json(c.actor.kind)} key ${json(c.cnf.jkt)}
risk ${json(c.risk)} deliveries ${json(c.deliveries)} delegation ${json(delegation ?? null)}
issued ${time(c.iat)} from ${time(c.nbf)} until ${time(c.exp)}
partition ${json(c.partition ?? "aws")} account ${json(c.account)} region ${json(c.region)}
${c.authorization_details.map(writtenStep).join("")}${list("assumption", c.assumptions)}${list("obligation", c.obligations)}revokeOn ${json(c.revokeOn ?? [])}
rollback ${json(c.rollback ?? null)}
breakGlass ${json(c.breakGlass ?? null)}
origin ${json(c.origin ?? null)}
`;
}

function writtenStep(s: Contract["authorization_details"][number]): string {
  const { calls = 1, totals = {} } = s.limits ?? {};
  const all = typeof s.parameters === "string" ? undefined : sorted(s.parameters);
  const lines = all?.map(([name, each]) => `  parameter ${json(name)} ${json(each)}\n`) ?? [];
  return `step ${json(s.id)} type ${json(s.type)} after ${json(s.after ?? [])} gate ${json(s.gate ?? "none")} calls ${calls} totals ${json(totals)}
  actions ${json(s.actions)}
  resources ${json(s.resources)}
  parameters ${all?.length ?? '"unbounded"'}
${lines.join("")}`;
}

/** Every leaf of a document, as the path to it. */
function* leaves(value: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  if (value === null || typeof value !== "object") {
    yield path;
    return;
  }
  for (const [name, each] of Object.entries(value)) yield* leaves(each, [...path, name]);
}

/** The same document with another value in one place, of the same type. */
function withAnother(document: object, path: readonly string[]): Contract {
  const copy = structuredClone(document) as Record<string, unknown>;
  let place: Record<string, unknown> = copy;
  for (const name of path.slice(0, -1)) place = place[name] as Record<string, unknown>;
  const name = path.at(-1) ?? "";
  const value = place[name];
  if (typeof value === "number") place[name] = value + 1;
  else if (typeof value === "boolean") place[name] = !value;
  else place[name] = `${value}!`;
  return copy as Contract;
}

suite("VAI-61 the statement that approvers sign", () => {
  test("VAI-61 of the published vector it has the published digests", () => {
    const { event } = JSON.parse(readFileSync(VECTOR, "utf8"));
    const vector = readContract(event.contract);
    assert.ok(!isRefusal(vector));
    assert.equal(
      statementDigest({ contract: vector }),
      "sha256:63c033dae9840f5afd3a55f6489cb20b7feea7c4d8122531d922babeed8bb1c6",
    );
    assert.equal(
      statementDigest({ contract: vector, step: "shift" }),
      "sha256:96c24f5fe3c879aec8eaec02c30f6d05b2a4d08dec760977136af12c86e8873b",
    );
  });

  test("VAI-61 a second implementation writes the same of a thousand contracts, in ASCII and LF alone", () => {
    fc.assert(
      fc.property(contract, digest, fc.constantFrom(undefined, "two"), (claims, own, step) => {
        const statement = approvalStatement({ contract: { claims, digest: own }, step });
        assert.equal(statement, written(claims, own, step));
        assert.match(statement, /^(?:[ -~]*\n)+$/);
      }),
      { numRuns: 1000 },
    );
  });

  test("VAI-61 another value anywhere in the contract is another statement", () => {
    fc.assert(
      fc.property(contract, (claims) => {
        const of = (each: Contract): string =>
          approvalStatement({ contract: { claims: each, digest: digestOf("0") } });
        const before = of(claims);
        for (const path of leaves(claims)) {
          assert.notEqual(of(withAnother(claims, path)), before, path.join("/"));
        }
      }),
      { numRuns: 50 },
    );
  });

  test("VAI-61 what would look like something else shows as an escape", () => {
    const [claims] = fc.sample(contract, { numRuns: 1, seed: 1 }) as [Contract];
    const shown = (purpose: string): string | undefined =>
      approvalStatement({ contract: { claims: { ...claims, purpose }, digest: digestOf("0") } })
        .split("\n")
        .find((line) => line.startsWith("purpose "));
    assert.equal(shown("pаy"), 'purpose "p\\u0430y"');
    assert.equal(shown("\u202eyap"), 'purpose "\\u202eyap"');
    assert.equal(shown('a\nrisk "LOW"'), 'purpose "a\\nrisk \\"LOW\\""');
    assert.equal(shown("\u007f🔑"), 'purpose "\\u007f\\ud83d\\udd11"');
  });
});
