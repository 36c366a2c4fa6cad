import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { ActionDescriptor } from "../../lib/actions/descriptor.ts";
import { NOTHING_READ } from "../../lib/actions/descriptor.ts";
import { readChain } from "../../lib/continuity/chain.ts";
import { readContract } from "../../lib/contract/contract.ts";
import { type Entitled, entitle, operationOf, type Parts } from "../../lib/execution/entitled.ts";
import { runBoundedCall } from "../../lib/execution/run.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { REPOSITORY_ROOT } from "../../localstack/machine/paths.ts";
import { chainOf } from "../support/chain.ts";
import { entitledTo, partsOf } from "../support/entitled.ts";
import { FUNCTION } from "../support/governed.ts";

const OPERATION = {
  ...{ action: "lambda:UpdateAlias", resource: FUNCTION },
  parameters: { alias: "live", version: "7", percent: 10 },
};
const OTHER = { ...OPERATION, parameters: { ...OPERATION.parameters, percent: 100 } };

/** What an adapter was asked to do. */
async function ran(entitled: Entitled): Promise<readonly unknown[]> {
  const calls: unknown[] = [];
  const descriptor = {
    call: async (operation: unknown) => {
      calls.push(operation);
      return { status: "succeeded" };
    },
  } as unknown as ActionDescriptor;
  const session = { reveal: () => ({}) } as never;
  const place = { account: "000000000000", region: "us-east-1" };
  await runBoundedCall(descriptor, entitled, NOTHING_READ, session, place).catch(() => undefined);
  return calls;
}

suite("the entry of the execution adapter", () => {
  test("POC-29 runs what enforcement made, and exactly that", async () => {
    const [operation] = (await ran(entitledTo(OPERATION))) as [object];
    assert.deepEqual(operation, OPERATION);
  });

  test("POC-29 runs no copy, no cast and nothing that came over a wire", async () => {
    const good = entitledTo(OPERATION);
    const made: readonly unknown[] = [
      { operation: OPERATION },
      { ...good },
      JSON.parse(JSON.stringify(good)),
      Object.create(good),
      OPERATION,
    ];
    for (const each of made) {
      assert.deepEqual(await ran(each as Entitled), []);
      assert.throws(() => operationOf(each as Entitled), { code: "INTERNAL_FAULT" });
    }
  });

  test("POC-29 what was made says for ever what was asked for", () => {
    const parts = partsOf(structuredClone(OPERATION));
    const good = entitle(parts);
    (parts.operation.parameters as Record<string, unknown>)["percent"] = 100;
    assert.deepEqual(operationOf(good), OPERATION);
    assert.throws(() => Object.assign(good, { operation: OTHER }), TypeError);
  });

  test("POC-29 nothing is made of parts that do not belong together", () => {
    const parts = partsOf(OPERATION);
    const chain = readChain(chainOf().chain);
    if (chain === undefined || isRefusal(chain)) throw new Error("the chain does not hold");
    const foreign = readContract(chainOf().contract.jws.compact);
    if (isRefusal(foreign)) throw new Error("the contract does not hold");
    const wrong: Readonly<Record<string, Parts>> = {
      "another operation": { ...parts, operation: OTHER },
      "another contract": { ...parts, contract: foreign },
      "a chain that the request does not name": { ...parts, chain },
      "a stranger's request": { ...partsOf(OPERATION, { request: { signedBy: "stranger" } }) },
      "a request that was changed": {
        ...partsOf(OPERATION, { request: { signature: "flipped" } }),
      },
      "a request for a chain that is not there": {
        ...partsOf(OPERATION, { request: { set: { "/chainDigest": "$digest" } } }),
      },
    };
    for (const [what, each] of Object.entries(wrong)) {
      assert.throws(() => entitle(each), { code: "INTERNAL_FAULT" }, what);
    }
  });

  test("POC-29 only the delivery of a judged grant makes one", () => {
    const files = globSync("lib/**/*.ts", { cwd: REPOSITORY_ROOT });
    const makers = files.filter((file) =>
      /\bentitle\(/.test(readFileSync(join(REPOSITORY_ROOT, file), "utf8")),
    );
    assert.deepEqual(makers.sort(), [
      "lib/enforcement/deliveries/execute.ts",
      "lib/execution/entitled.ts",
    ]);
  });
});
