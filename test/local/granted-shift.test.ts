import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runCli } from "../../lib/cli/program.ts";
import type { GrantedAnswer } from "../../lib/enforcement/answer.ts";
import { granted, invoke, shiftEvent } from "../support/local/agent.ts";
import { assertGrantedShape, mapOf } from "../support/local/answer.ts";
import { functionArn, intentOf, shiftDraft, signDraft } from "../support/local/contracts.ts";
import { typesOf, verifiedChain } from "../support/local/evidence.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { resetRouting, routing } from "../support/local/targets.ts";

const STORY = [
  ...["IntentSubmitted", "ContextEvaluated", "PolicyEvaluated", "ContractBound"],
  ...["IdentityRequested", "ProofValidated", "IdentityIssued"],
  ...["CredentialsMinted", "ExecutionStarted", "ExecutionCompleted"],
  ...["ObligationFulfilled", "IdentityCompleted"],
];

test("VAI-41 VAI-140 10 % of the traffic is shifted, and the deployer reads it on the alias", async () => {
  const plane = await localPlane();
  await resetRouting(plane);
  const held = signDraft(plane, shiftDraft(plane));
  const answer = granted(await invoke(plane, shiftEvent(plane, held)));

  assertGrantedShape(answer);
  assert.deepEqual(answer.outcome, {
    ...{ status: "succeeded", readBack: { matches: true } },
    obligations: [{ name: "alias-routing", met: true }],
  });
  assert.deepEqual(answer.identity.scope, {
    ...{ actions: ["lambda:UpdateAlias"], resources: [functionArn(plane)] },
  });
  assert.deepEqual(await routing(plane), { main: "1", extra: { "2": 0.1 } });
  const chain = await verifiedChain(plane, `intent/${intentOf(held)}`);
  assert.deepEqual(typesOf(chain), STORY);
  assert.equal(answer.evidence.lastSeq, chain.length);

  const map = mapOf(answer);
  const step = "/authorization_details/0";
  for (const parameter of ["alias", "version", "percent"])
    assert.equal(map[`${step}/parameters/${parameter}`], "trustPlane adapter");
  assert.equal(map["/obligations/0"], "adapter");
});

interface CliRun {
  readonly code: number;
  readonly out: string;
}

/** The command line in a folder of its own, as a person types it. */
async function withCli(
  plane: LocalPlane,
  work: (folder: string, cli: (...args: string[]) => Promise<CliRun>) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "vai-cli-"));
  try {
    await work(folder, async (...args) => {
      const lines: string[] = [];
      const take = (text: string) => void lines.push(text);
      const environment = { VAI_OUTPUTS: plane.outputsFile };
      const code = await runCli(args, { out: take, err: take, environment, isTerminal: false });
      return { code, out: lines.join("\n") };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("USR-11 the same by the commands that people type: sign, policy, issue, and refused", async () => {
  const plane = await localPlane();
  await resetRouting(plane);
  await withCli(plane, async (folder, cli) => {
    const [draft, held] = [join(folder, "draft.json"), join(folder, "held.json")];
    writeFileSync(draft, JSON.stringify(shiftDraft(plane)));
    const signed = await cli("contract", "sign", draft, "--out", held, "--json");
    assert.equal(signed.code, 0, signed.out);
    const policy = await cli("policy", held, "--set", "percent=10", "--json");
    assert.equal(policy.code, 0, policy.out);
    assert.ok(JSON.parse(policy.out).size <= 2048);

    const refusal = await cli("issue", held, "--set", "percent=100", "--json");
    assert.equal(refusal.code, 1, refusal.out);
    assert.equal(JSON.parse(refusal.out).code, "PARAMETER_OUT_OF_BOUNDS");
    assert.deepEqual(await routing(plane), { main: "1", extra: {} });

    const issued = await cli("issue", held, "--set", "percent=10", "--json");
    assert.equal(issued.code, 0, issued.out);
    assertGrantedShape(JSON.parse(issued.out) as GrantedAnswer);
    assert.deepEqual(await routing(plane), { main: "1", extra: { "2": 0.1 } });
    assert.ok(!readFileSync(held, "utf8").includes('"d"'), "a private key is in the contract file");
  });
});
