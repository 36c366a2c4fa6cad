import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { type AttributeValue, ScanCommand } from "@aws-sdk/client-dynamodb";
import { deliveryKey, openCredentials } from "../../lib/client/credentials.ts";
import { issueEvent } from "../../lib/client/request.ts";
import { REPOSITORY_ROOT } from "../../localstack/machine/paths.ts";
import { CANARY } from "../support/canary.ts";
import { withdrawn } from "../support/delegating.ts";
import {
  answersSeen,
  granted,
  invoke,
  invokeDelegate,
  refused,
  settingEvent,
} from "../support/local/agent.ts";
import {
  ending,
  handingOn,
  handOn,
  paying,
  payingEvent,
  payments,
} from "../support/local/continued.ts";
import { keyOf, settingDraft, signDraft } from "../support/local/contracts.ts";
import { functionLogs } from "../support/local/logs.ts";
import { paymentCredential } from "../support/local/payments.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { seedItem } from "../support/local/targets.ts";

// Named so that it runs last in this folder: it looks at what all other tests left behind.

/** A whole access key id of a session. Evidence masks its middle. */
const SESSION_KEY = /ASIA[A-Z0-9]{12,}/;
/** Members by which SDKs and services carry session secrets. */
const SECRET_MEMBER = /"?(secretAccessKey|sessionToken|SecretAccessKey|SessionToken)"?\s*[:=]/;
const AUTHORIZATION = /AWS4-HMAC-SHA256|x-amz-security-token/i;
const PRIVATE_MEMBER = /"d"\s*:\s*"[A-Za-z0-9_-]{43}"/;

/** Every secret that this deployment's people hold: secret keys, and private parts of signing keys. */
function knownSecrets({ outputs }: LocalPlane): string[] {
  const accessKeys = Object.values(outputs.credentials).map(
    ({ secretAccessKey }) => secretAccessKey,
  );
  const files = Object.values(outputs.keys)
    .flat()
    .map((file) => resolve(REPOSITORY_ROOT, file));
  const keys = files.map((file) => (JSON.parse(readFileSync(file, "utf8")) as { d: string }).d);
  return [...accessKeys, ...keys];
}

function assertClean(where: string, text: string, secrets: readonly string[]): void {
  for (const pattern of [SESSION_KEY, SECRET_MEMBER, AUTHORIZATION, PRIVATE_MEMBER])
    assert.doesNotMatch(text, pattern, where);
  for (const [index, secret] of secrets.entries())
    assert.ok(!text.includes(secret), `${where} holds secret ${index}`);
}

/** A session that left by delivery `credentials`: what only its caller may know. */
async function sessionSecrets(plane: LocalPlane): Promise<string[]> {
  const draft = settingDraft(plane, "scanned", {}, { deliveries: ["credentials"] });
  const [step] = draft.steps;
  assert.ok(step);
  const { limits: _, ...bare } = step;
  const open = { ...draft, steps: [{ ...bare, parameters: "unbounded" as const }] };
  const { contract, proof } = signDraft(plane, open);
  const { deliverTo, privateKey } = deliveryKey();
  const event = issueEvent(
    {
      ...{ plane: plane.outputs.plane, contract, proof, step: "set" },
      ...{ delivery: "credentials", deliverTo },
      ...{ idempotencyKey: randomUUID(), jti: randomUUID() },
      iat: Math.floor(Date.now() / 1000),
    },
    keyOf(plane, "agent"),
  );
  const answer = granted(await invoke(plane, event));
  const session = await openCredentials(answer.credentials ?? "", privateKey);
  return [session.accessKeyId, session.secretAccessKey, session.sessionToken];
}

/** What `every-action.test.ts` had written, as it stands and as JSON in base64url could hide it. */
const canaries = (): string[] =>
  [0, 1, 2]
    .map((shift) =>
      Buffer.from("x".repeat(shift) + CANARY)
        .toString("base64url")
        .slice(4, -4),
    )
    .concat(CANARY);

/** A table's items as text; in evidence, the signed payloads too, decoded, and JWS within them. */
async function tableText({ deployer }: LocalPlane, TableName: string): Promise<string[]> {
  const texts: string[] = [];
  let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
  do {
    const page = await deployer.dynamoDb.send(
      new ScanCommand({ TableName, ...(ExclusiveStartKey && { ExclusiveStartKey }) }),
    );
    texts.push(
      ...(page.Items ?? []).flatMap(({ record, seal, ...row }) => [
        JSON.stringify(row),
        ...(record?.S === undefined ? [] : decoded(record.S)),
        ...(seal?.S === undefined ? [] : payloadTexts(seal.S)),
      ]),
    );
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
  return texts;
}

function payloadTexts(seal: string): string[] {
  const { payload } = JSON.parse(seal) as { payload: string };
  return decoded(Buffer.from(payload, "base64").toString("utf8"));
}

/** A text, and what the compact JWS in it say, also of those within them: a block carries the request for it. */
function decoded(text: string): string[] {
  const parts = text.match(/eyJ[A-Za-z0-9_-]+/g) ?? [];
  return [
    text,
    ...parts.flatMap((part) => decoded(Buffer.from(part, "base64url").toString("utf8"))),
  ];
}

/** Authority that is handed on, used with the secret that the function alone holds, refused, and taken back. */
async function handOnAndBack(plane: LocalPlane): Promise<string> {
  const held = payments(plane);
  const { chain, block } = await handOn(plane, held, { steps: [paying(plane, "refund", 100)] });
  const by = { chain, by: "delegate" } as const;
  granted(await invoke(plane, payingEvent(plane, held, { ...by, amount: 10 })));
  const beyond = payingEvent(plane, held, { ...by, amount: 300 });
  refused(await invoke(plane, beyond), "PARAMETER_OUT_OF_BOUNDS");
  refused(await invokeDelegate(plane, handingOn(plane, held, { steps: [] })), "REQUEST_MALFORMED");
  withdrawn(await invokeDelegate(plane, ending(plane, held, block.digest)));
  return block.digest;
}

test("USR-16 ADV-66 POC-24 nothing that is kept, logged or answered holds a secret", async (t) => {
  const plane = await localPlane();
  await seedItem(plane, "scanned");
  const held = signDraft(plane, settingDraft(plane, "scanned"));
  granted(await invoke(plane, settingEvent(plane, held, "scanned")));
  refused(await invoke(plane, settingEvent(plane, held, "scanned")), "CONTRACT_CONSUMED");
  const block = await handOnAndBack(plane);
  const direct = await sessionSecrets(plane);
  const ofFunction = await paymentCredential(plane);
  const secrets = [...knownSecrets(plane), ...direct, ...canaries(), ofFunction];
  assert.ok(secrets.length >= 11 && secrets.every((secret) => secret.length >= 20));

  const counts: string[] = [];
  for (const [name, table] of Object.entries(plane.outputs.tables)) {
    const texts = await tableText(plane, table);
    for (const text of texts) assertClean(`the table ${table}`, text, secrets);
    assert.ok(texts.length > 0, `${table} is empty`);
    counts.push(`${texts.length} texts in ${name}`);
  }
  const answers = answersSeen();
  assert.ok(
    answers.some((answer) => answer.includes(block)),
    "what delegate answered is looked at",
  );
  for (const answer of answers) assertClean("an answer", answer, secrets);
  for (const [group, lines] of Object.entries(await functionLogs(plane))) {
    for (const line of lines) assertClean(`the log ${group}`, line, secrets);
    counts.push(`${lines.length} lines of ${group}`);
  }
  for (const name of ["emulator.log", "front-door.log", "deploy.log"]) {
    const text = readFileSync(join(dirname(plane.outputsFile), name), "utf8");
    assertClean(name, text, secrets);
  }
  t.diagnostic(`scanned ${[...counts, `${answers.length} answers`].join(", ")}`);
});

test("USR-16 the scan finds what it looks for", () => {
  const clean = '{"accessKeyId":"ASIA…WXYZ"}';
  assertClean("masked", clean, ["s3cret"]);
  const leaks = [
    '{"accessKeyId":"ASIAQWERTYUIOPASDFGH"}',
    '{"secretAccessKey":"x"}',
    "SessionToken=FwoGZXIvYXdzEA",
    "authorization: AWS4-HMAC-SHA256 Credential=AKIA",
    `{"d":"${"A".repeat(43)}"}`,
    "the s3cret itself",
  ];
  for (const leak of leaks) assert.throws(() => assertClean("leak", leak, ["s3cret"]), leak);
});
