import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { PutUserPolicyCommand } from "@aws-sdk/client-iam";
import { type Ran, run } from "../cli/support/plane-endpoint.ts";
import { settingDraft } from "../support/local/contracts.ts";
import { named, recorded } from "../support/local/faults.ts";
import { document, permissionOf, temporaryUser } from "../support/local/iam.ts";
import { stackRoles } from "../support/local/permissions.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { ownTemporary } from "../support/local/state.ts";
import { readItem, seedItem } from "../support/local/targets.ts";

/** People who decide, at the deployed stack: what each of them types, and nothing else. */

interface Table {
  readonly plane: LocalPlane;
  readonly item: string;
  readonly held: string;
  readonly digest: string;
  readonly intent: string;
  file(name: string): string;
  /** Runs a command that must end so. */
  vai(args: readonly string[], code?: number): Promise<Ran>;
}

/** A contract of class HIGH whose only step waits behind a gate, signed by command. */
async function signedHigh(): Promise<Table> {
  const plane = await localPlane();
  const item = `people-${randomUUID().slice(0, 8)}`;
  await seedItem(plane, item);
  const folder = mkdtempSync(join(ownTemporary(), "people-"));
  const file = (name: string): string => join(folder, name);
  const vai = async (args: readonly string[], code = 0): Promise<Ran> => {
    const ran = await run(args, { environment: { VAI_OUTPUTS: plane.outputsFile } });
    assert.equal(ran.code, code, `vai ${args.join(" ")}\n${ran.out}\n${ran.err}`);
    return ran;
  };
  const draft = settingDraft(
    plane,
    item,
    {},
    { risk: "HIGH", window: { startsIn: 0, seconds: 300 } },
  );
  const steps = draft.steps.map((step) => ({ ...step, gate: "approval" }));
  writeFileSync(file("draft.json"), JSON.stringify({ ...draft, steps }));
  const held = file("held.json");
  const signed = await vai(["contract", "sign", file("draft.json"), "--out", held, "--json"]);
  const { contractDigest: digest, intentId: intent } = JSON.parse(signed.out);
  return { plane, item, held, digest, intent, file, vai };
}

const EVALUATORS = ["evaluator", "evaluatorHuman", "evaluatorRisk"] as const;
const asked = (held: string, weight = 20) => [
  ...["issue", held, "--set", `set/weight=${weight}`, "--json"],
];

test("VAI-60 VAI-61 VAI-71 at the deployed stack a contract of class HIGH is made, registered, attested, approved through its gate, run and explained by commands alone", async () => {
  const { plane, item, held, digest, intent, file, vai } = await signedHigh();
  const { names } = plane.outputs;
  const refusedAs = async (code: string): Promise<void> => {
    const { out } = await vai(asked(held), 1);
    assert.equal(JSON.parse(out).code, code, out);
  };
  const { calls } = await recorded(plane, () => vai(["register", held]));
  const [told] = named(calls, "events PutEvents");
  const entries = told?.requestParameters?.["entries"] as readonly object[];
  assert.equal(told?.errorCode, undefined);
  assert.deepEqual(
    entries,
    Array.from({ length: 3 }, () => ({
      ...{ source: "vai", detailType: "vai-decision-needed", eventBusName: "default" },
    })),
    "evaluators, approvers and the gate are asked for",
  );
  await refusedAs("STEP_GATE_CLOSED");
  const waiting = JSON.parse((await vai(["status", "--json"])).out).waits;
  assert.deepEqual(
    waiting.filter((each: { contractDigest: string }) => each.contractDigest === digest),
    [{ step: "set", gate: "approval", contractDigest: digest, intentId: intent }],
  );
  // The gate's approver has the digest alone, signs on one machine and has another one send it.
  const gate = ["approve", digest, "--intent", intent, "--step", "set"];
  await vai([...gate, "--out", file("gate.json")]);
  await refusedAs("STEP_GATE_CLOSED");
  await vai(["approve", file("gate.json"), "--send"]);
  await refusedAs("CONSENSUS_NOT_REACHED");
  for (const name of EVALUATORS) {
    await vai(["attest", held, "--verdict", "approve", "--as", names[name]]);
  }
  await refusedAs("APPROVAL_REQUIRED");
  const shown = await vai(["approve", held, "--show"]);
  const [, statement = ""] = /^statement +(sha256:\S+)$/m.exec(shown.out) ?? [];
  await vai(["approve", held, "--statement", statement]);
  const { out } = await vai(asked(held));
  const { identity, outcome } = JSON.parse(out);
  assert.deepEqual([identity.state, outcome.status], ["COMPLETED", "succeeded"]);
  assert.equal((await readItem(plane, item))?.["weight"], 20);
  const trace = (await vai(["trace", intent])).out;
  for (const words of [
    `evaluator ${names.evaluatorHuman} said approve`,
    `${names.approver} as sre-lead approved the whole contract`,
    `${names.approver} as sre-lead approved the gate of step set`,
    "the gate of step set opened",
  ]) {
    assert.ok(trace.includes(words), `${words}\n${trace}`);
  }
  const explained = await vai(["identity", identity.identityId]);
  assert.match(explained.out, new RegExp(identity.identityId));
});

test("DTF-12 ADV-17 at the deployed stack an objection stops a contract that everybody had approved, and a later decision ends it", async () => {
  const { plane, item, held, vai } = await signedHigh();
  const { names } = plane.outputs;
  const before = await readItem(plane, item);
  await vai(["register", held]);
  for (const name of EVALUATORS) {
    await vai(["attest", held, "--verdict", "approve", "--as", names[name]]);
  }
  await vai(["approve", held]);
  await vai(["approve", held, "--step", "set"]);
  const objection = ["--verdict", "reject", "--objection", "not during the sale"];
  await vai(["attest", held, ...objection, "--as", names.evaluatorHuman]);
  const refused = await vai(asked(held), 1);
  assert.equal(JSON.parse(refused.out).code, "EVALUATOR_VETO");
  await vai(["supersede", held]);
  const ended = await vai(asked(held), 1);
  assert.equal(JSON.parse(ended.out).code, "DECISION_SUPERSEDED");
  assert.deepEqual(await readItem(plane, item), before);
  const { proof } = JSON.parse(readFileSync(held, "utf8"));
  const trace = (await vai(["trace", proof.intent.id])).out;
  assert.match(trace, /said reject: not during the sale$/m);
});

test("VAI-45 at the deployed stack whoever may ask people may put no other event, not even beside", async (t) => {
  const plane = await localPlane();
  const roles = await stackRoles(plane);
  const { document: policy } = roles.find(({ name }) => name.endsWith("-govern")) ?? {};
  const statement = policy?.Statement.find(({ Sid }) => Sid === "AskPeople");
  assert.ok(statement);
  const { arn, credentials } = await temporaryUser(t, plane);
  // In place of its own policy, which goes with it.
  const grant = { UserName: arn.split("/").at(-1), PolicyName: "assumes" };
  const PolicyDocument = document(statement);
  await plane.deployer.iam.send(new PutUserPolicyCommand({ ...grant, PolicyDocument }));
  const { endpoint, region } = plane.outputs;
  const client = new EventBridgeClient({ endpoint, region, credentials, maxAttempts: 1 });
  const event = (DetailType: string, Source = "vai", EventBusName = "default") => ({
    ...{ Source, DetailType, EventBusName, Detail: "{}" },
  });
  const put = (...Entries: object[]) =>
    permissionOf(client.send(new PutEventsCommand({ Entries })));
  const asks = event("vai-decision-needed");
  assert.equal(await put(asks, asks), "allowed");
  const others = {
    "a command": [event("vai-command")],
    "a command beside": [asks, event("vai-command")],
    "another's name": [event("vai-decision-needed", "billing")],
    "another bus": [event("vai-decision-needed", "vai", "elsewhere")],
  };
  for (const [what, entries] of Object.entries(others)) {
    assert.equal(await put(...entries), "denied", what);
  }
});
