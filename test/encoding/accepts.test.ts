import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as z from "zod";
import { readChain } from "../../lib/continuity/chain.ts";
import { contractClaims } from "../../lib/contract/contract.ts";
import { acceptsOf } from "../../lib/encoding/accepts.ts";
import { readBy } from "../../lib/encoding/schema.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { designate, executeClaims, handedOn, issueClaims } from "../../lib/request/request.ts";
import { Dice } from "../fuzz/dice.ts";
import { mutatedValue } from "../fuzz/mutations.ts";
import { chainOf } from "../support/chain.ts";
import { KEYS } from "../support/keys.ts";
import { PLANE } from "../support/trust.ts";

const { contract, chain } = chainOf({ depth: 1 });
const read = readChain(chain);
if (read === undefined || isRefusal(read)) throw new Error(JSON.stringify(read));
const { authorization_details, deliveries, exp, delegation } = read.last.claims;

const common = {
  ...{ jti: "one", iat: 1, aud: PLANE, idempotencyKey: "key" },
  contractDigest: contract.digest,
};
const operation = { action: "any", resource: "any", parameters: { a: "x", b: 1, c: true } };

/** Schemas of what is signed, each with values that it takes. */
const SCHEMAS: readonly (readonly [z.ZodType, ...unknown[]])[] = [
  [contractClaims, contract.jws.payload],
  [z.strictObject(handedOn), { authorization_details, deliveries, exp, delegation }],
  [designate, { agent: "a" }, { agent: "a", jkt: KEYS.agent.thumbprint }, { labels: ["x"] }],
  [executeClaims, { use: "execute", ...common, handleDigest: contract.digest, operation }],
  [issueClaims, { use: "issue", ...common, step: "a", delivery: "execute", operation }],
];

/** Values with one place changed, however deep it lies. */
function* changes(good: readonly unknown[]): Generator<unknown> {
  const dice = new Dice(7);
  for (let run = 0; run < 3000; run++) {
    yield JSON.parse(JSON.stringify(mutatedValue(dice.pick(good), dice)) ?? "0");
  }
}

function judged(schema: z.ZodType, value: unknown): "taken" | "refused" {
  const asked = schema.safeParse(value);
  const isAccepted = acceptsOf(schema)(value);
  if (isAccepted) assert.deepEqual({ ...asked }, { success: true, data: value });
  else assert.ok(!asked.success, JSON.stringify(value));
  return isAccepted ? "taken" : "refused";
}

suite("a schema that is run without writing the value again", () => {
  test("POC-07 VAI-62 says yes to what the schema takes and gives back as it was, and to nothing else", () => {
    const counts = { taken: 0, refused: 0 };
    for (const [schema, ...good] of SCHEMAS) {
      for (const value of good) assert.ok(acceptsOf(schema)(value), JSON.stringify(value));
      for (const value of changes(good)) counts[judged(schema, value)]++;
    }
    assert.ok(counts.taken > 500 && counts.refused > 5000, JSON.stringify(counts));
  });

  test("POC-07 asks the schema itself where it might give back something else", () => {
    const hidden: unknown = JSON.parse('{"__proto__":1}');
    const deliverTo: unknown = { ...KEYS.agent.jwk };
    const refusing = z.string().transform((each, context) => {
      context.addIssue("no");
      return each;
    });
    const text = z.string().transform((each) => each.trim());
    for (const [schema, value] of [
      [issueClaims, { use: "issue", ...common, step: "a", delivery: "credentials", deliverTo }],
      [z.object({ a: z.int() }), { a: 1, b: 2 }],
      [z.looseObject({ a: z.int() }), { a: 1, b: 2 }],
      [z.strictObject({ a: z.int().default(1) }), {}],
      [z.strictObject({ a: z.int().optional() }), { a: undefined }],
      [z.strictObject({ toString: z.unknown().optional() }), {}],
      [z.strictObject({ a: z.string().trim() }), { a: " x" }],
      [z.strictObject({ a: text }), { a: " x" }],
      [z.coerce.number(), "1"],
      [z.coerce.string(), 1],
      [z.union([text, z.string()]), " x"],
      [z.union([z.array(text), z.array(z.string())]), [" x"]],
      [z.record(z.string(), z.int()), hidden],
      [z.record(z.enum(["a", "b"]), z.int()), { a: 1 }],
      [z.record(z.string(), z.int()), Object.create({ a: "x" })],
      [z.strictObject({ a: z.int() }), Object.create({ a: 1 })],
      [z.strictObject({ a: z.int() }), [1]],
      [z.xor([z.string(), z.string().min(1)]), "x"],
      [z.discriminatedUnion("a", [z.strictObject({ a: z.literal(1) })]), { a: 1 }],
      [z.string().refine((each) => Promise.resolve(each === "x")), "y"],
      [z.lazy(() => z.string()), "x"],
      [z.string().regex(/^x/).regex(/y$/), "x"],
      [z.record(z.string().regex(/^a$/), z.int()), { b: 1 }],
      [refusing, "x"],
      [z.int(), Number.NaN],
      [z.number(), Number.POSITIVE_INFINITY],
    ] as const) {
      assert.equal(acceptsOf(schema)(value), false, JSON.stringify([schema.type, value]));
    }
  });

  test("POC-07 asks each of a pattern's matches anew", () => {
    const schema = z.string().regex(/x/g);
    assert.deepEqual([acceptsOf(schema)("x"), acceptsOf(schema)("x")], [true, true]);
  });

  test("POC-07 is read as the schema reads: the value where it is taken, the schema's words where not", () => {
    const value = { a: 1 };
    const schema = z.strictObject({ a: z.int().max(1) });
    const taken = readBy(schema, value);
    assert.ok(taken.ok && taken.value === value);
    assert.deepEqual(readBy(schema, { a: 2 }), {
      ...{ ok: false, pointer: "/a" },
      detail: "Too big: expected number to be <=1",
    });
    assert.deepEqual(readBy(z.object({ a: z.int() }), { a: 1, b: 2 }), { ok: true, value });
  });

  test("POC-07 what a request says in the words of its block is not read again", () => {
    const [, later] = read.blocks;
    assert.equal(later?.request?.claims.authorization_details, later?.claims.authorization_details);
  });
});
