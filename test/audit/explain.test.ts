import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EXPLANATIONS } from "../../lib/cli/explanations.ts";
import { REFUSAL_CODES, STAGES } from "../../lib/refusal.ts";
import { run } from "./support/cli.ts";

describe("vai explain", () => {
  test("OKG-58 every code that the plane can give is explained, with its stages", () => {
    for (const code of REFUSAL_CODES) {
      const explanation = EXPLANATIONS.get(code);
      assert.ok(explanation, `${code} has no explanation in lib/cli/explanations`);
      assert.ok(explanation.stages.length > 0, `${code} has no stage`);
      assert.ok(explanation.stages.every((stage) => STAGES.includes(stage)));
    }
  });

  test("OKG-58 nothing is explained that nobody can give", () => {
    const known = new Set<string>([
      ...REFUSAL_CODES,
      "EVIDENCE_SIGNATURE_INVALID",
      "EVIDENCE_TRUNCATED",
    ]);
    assert.deepEqual(
      [...EXPLANATIONS.keys()].filter((code) => !known.has(code)),
      [],
    );
  });

  test("VAI-82 tells meaning, domain, stages, retry and the next step, for people and machines", async () => {
    const { code, out } = await run("explain", "parameter_out_of_bounds");
    assert.equal(code, 0);
    assert.match(
      out,
      /domain +agent[\s\S]*stages +scope[\s\S]*retryable +no[\s\S]*do +Send a value/,
    );
    const json = JSON.parse((await run("explain", "REGISTRY_STALE", "--json")).out);
    assert.deepEqual(
      [json.code, json.failureDomain, json.retryable],
      ["REGISTRY_STALE", "platform", true],
    );
  });

  for (const code of ["IDENTITY_REVOKED", "CONTRACT_REVOKED", "KEY_REVOKED", "PATH_QUARANTINED"]) {
    test(`VAI-82 ${code} tells an agent to stop and whom to ask, and never to take another way`, () => {
      const next = EXPLANATIONS.get(code)?.next ?? "";
      assert.match(next, /^An agent stops.*operators/);
      assert.doesNotMatch(next, /^Ask for|ask again/);
    });
  }

  test("VAI-82 lists all without a code", async () => {
    assert.equal((await run("explain")).out.split("\n").length, EXPLANATIONS.size);
    assert.equal(JSON.parse((await run("explain", "--json")).out).length, EXPLANATIONS.size);
  });

  test("VAI-82 a part of a code lists those that have it", async () => {
    const { code, out } = await run("explain", "param");
    assert.equal(code, 0);
    assert.deepEqual(
      out.split("\n").map((line) => line.split(" ")[0]),
      ["PARAMETER_OUT_OF_BOUNDS", "PARAMETER_UNDECLARED"],
    );
    assert.equal(JSON.parse((await run("explain", "param", "--json")).out).length, 2);
    assert.equal((await run("explain", "sts_failed")).out.split("\n")[0], "STS_FAILED");
  });

  test("VAI-82 an unknown code exits 2 and names the nearest", async () => {
    const { code, err } = await run("explain", "CONTRACT_EXPIRES");
    assert.equal(code, 2);
    assert.match(err, /nearest: CONTRACT_EXPIRED/);
  });
});
