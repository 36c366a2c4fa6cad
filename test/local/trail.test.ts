import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { readTrail } from "../../localstack/machine/control.ts";
import { stateFolder } from "../../localstack/machine/paths.ts";
import { granted, invoke, refused, settingEvent, shiftEvent } from "../support/local/agent.ts";
import { handOn, paying, payments } from "../support/local/continued.ts";
import { settingDraft, shiftDraft, signDraft } from "../support/local/contracts.ts";
import { readChain } from "../support/local/evidence.ts";
import { named, nameOf, recorded } from "../support/local/faults.ts";
import { localPlane } from "../support/local/plane.ts";
import { resetRouting, seedItem } from "../support/local/targets.ts";

test("design §7 the feed shows one governed action by session, joined by key id", async (t) => {
  const plane = await localPlane();
  t.after(() => resetRouting(plane));
  const held = signDraft(plane, shiftDraft(plane));
  const { result, calls } = await recorded(plane, () => invoke(plane, shiftEvent(plane, held)));
  const { identity } = granted(result);

  const update = named(calls, "lambda UpdateAlias");
  assert.equal(update.length, 1, "one bounded call");
  const [shift] = update;
  assert.ok(shift);
  const { userIdentity } = shift;
  const { sessionContext } = userIdentity;
  const session = sessionContext?.sourceIdentity ?? "";
  assert.match(session, /^vai-[0-9a-f]{26}$/);
  assert.equal(userIdentity.type, "AssumedRole");
  assert.equal(userIdentity.arn?.split("/").at(-1), session);
  assert.match(sessionContext?.sessionIssuer.arn ?? "", /:role\/vai-local-exec-lambda$/);
  assert.deepEqual(shift.resources, [
    {
      ARN: identity.scope.resources[0],
      accountId: plane.outputs.account,
      type: "AWS::Lambda::Function",
    },
  ]);
  assert.deepEqual(shift.requestParameters?.["routingConfig"], {
    AdditionalVersionWeights: { [plane.outputs.samples.newVersion]: 0.1 },
  });
  assert.equal(shift.errorCode, undefined);
  assert.equal(shift.eventName, "UpdateAlias20150331");

  const assumed = named(calls, "sts AssumeRole").filter(
    ({ requestParameters }) => requestParameters?.["sourceIdentity"] === session,
  );
  assert.equal(assumed.length, 1, "no second session");
  const { credentials } = (assumed[0]?.responseElements ?? {}) as {
    credentials?: Record<string, string>;
  };
  assert.equal(credentials?.["accessKeyId"], userIdentity.accessKeyId);
  assert.deepEqual(Object.keys(credentials ?? {}).sort(), ["accessKeyId", "expiration"]);
  assert.equal(assumed[0]?.userIdentity.arn?.split("/").at(-1), plane.outputs.functions.issue);

  const bySession = await readTrail(plane.control(), { session });
  assert.deepEqual(
    bySession.events.map(({ event }) => event),
    update,
    "the issued session made that call and no other",
  );
  const minted = (await readChain(plane, `intent/${identity.intentId}`)).find(
    ({ eventType }) => eventType === "CredentialsMinted",
  );
  assert.ok(minted, "evidence says the same session from its side");
  const { detail } = JSON.parse(minted.record) as { detail: Record<string, unknown> };
  const keyId = userIdentity.accessKeyId ?? "";
  assert.deepEqual(
    [detail["sessionName"], detail["accessKeyId"]],
    [session, `${keyId.slice(0, 4)}…${keyId.slice(-4)}`],
  );
});

test("design §7 whoever acts is named as AWS names them: agent, functions, reader, nobody", async () => {
  const plane = await localPlane();
  await seedItem(plane, "trail");
  const held = signDraft(plane, settingDraft(plane, "trail"));
  const { result, calls } = await recorded(plane, async () => {
    const stranger = plane.as({ accessKeyId: "AKIANOBODY", secretAccessKey: "none" });
    await stranger.sts.send(new GetCallerIdentityCommand({})).catch(() => {});
    return invoke(plane, settingEvent(plane, held, "trail"));
  });
  granted(result);
  const [invoked] = named(calls, "lambda Invoke");
  assert.deepEqual(
    [invoked?.userIdentity.type, invoked?.userIdentity.userName],
    ["IAMUser", "agent"],
  );
  assert.equal(invoked?.eventCategory, "Data");
  const [nobody] = calls;
  assert.deepEqual(nobody?.userIdentity, { type: "Unknown", accessKeyId: "AKIANOBODY" });
  assert.equal(nobody?.errorCode, "InvalidClientTokenId");
  const inFunction = calls.filter(({ userIdentity }) => userIdentity.inScopeOf !== undefined);
  for (const { userIdentity } of inFunction) {
    const { region, account, functions } = plane.outputs;
    assert.equal(
      userIdentity.inScopeOf?.credentialsIssuedTo,
      `arn:aws:lambda:${region}:${account}:function:${functions.issue}`,
    );
  }
  assert.ok(named(inFunction, "kms Sign").length > 0);
  assert.ok(named(inFunction, "dynamodb TransactWriteItems").length > 0);
  const touched = named(calls, "dynamodb UpdateItem").filter(
    ({ requestParameters }) => requestParameters?.["tableName"] === plane.outputs.samples.table,
  );
  assert.equal(touched.length, 1);
  assert.deepEqual(touched[0]?.requestParameters?.["key"], { pk: "trail" });
});

test("VAI-43 a refusal leaves no call of an issued session in the feed", async () => {
  const plane = await localPlane();
  const held = signDraft(plane, shiftDraft(plane));
  const event = shiftEvent(plane, held, { parameters: { percent: 90 } });
  const { result, calls } = await recorded(plane, () => invoke(plane, event));
  refused(result, "PARAMETER_OUT_OF_BOUNDS");
  assert.deepEqual(
    calls.map(nameOf).filter((name) => name.startsWith("sts ")),
    [],
  );
  assert.deepEqual(named(calls, "lambda UpdateAlias"), []);
});

test("POC-01 POC-05 the feed shows a hand-over as two signatures of function delegate and one transaction, with no session", async () => {
  const plane = await localPlane();
  const { region, account, functions, planeKeyId, evidenceKeyId } = plane.outputs;
  const held = payments(plane);
  const steps = [paying(plane, "refund", 100)];
  const { chain } = await handOn(plane, held, { steps });
  const on = { chain, by: "delegate", to: "delegate2", steps } as const;
  const { calls } = await recorded(plane, () => handOn(plane, held, on));
  const own = calls.filter(({ userIdentity }) => userIdentity.inScopeOf !== undefined);
  const arn = `arn:aws:lambda:${region}:${account}:function:${functions.delegate}`;
  for (const { userIdentity } of own) {
    assert.equal(userIdentity.inScopeOf?.credentialsIssuedTo, arn);
    assert.match(userIdentity.arn ?? "", /:assumed-role\/vai-local-delegate\//);
  }
  const keys = named(own, "kms Sign").map(({ requestParameters }) => requestParameters?.["keyId"]);
  assert.deepEqual(keys.toSorted(), [planeKeyId, evidenceKeyId].toSorted());
  assert.equal(named(own, "dynamodb TransactWriteItems").length, 1);
  const others = new Set(own.map(nameOf).filter((name) => !/^(dynamodb|kms) /.test(name)));
  assert.deepEqual([...others], []);
});

test("USR-16 the feed, in memory and as a file, has no secret, token, signature or written value", async () => {
  const plane = await localPlane();
  const secret = "a-value-that-nobody-may-read";
  const { endpoint, region, credentials } = plane.outputs;
  const ssm = new SSMClient({ endpoint, region, credentials: credentials.deployer });
  const { calls } = await recorded(plane, () =>
    ssm.send(
      new PutParameterCommand({
        ...{ Name: "/trail/secret", Value: secret, Type: "SecureString", Overwrite: true },
      }),
    ),
  );
  const [put] = named(calls, "ssm PutParameter");
  assert.deepEqual(put?.requestParameters, {
    ...{ name: "/trail/secret", type: "SecureString", overwrite: true },
    value: "HIDDEN_DUE_TO_SECURITY_REASONS",
  });
  const folder = plane.outputsFile.replace(/\/outputs\.json$/, "");
  const file = readFileSync(stateFolder(folder).trail, "utf8");
  for (const { secretAccessKey } of Object.values(credentials)) {
    assert.ok(!file.includes(secretAccessKey), "a secret access key");
  }
  assert.ok(!file.includes(secret), "a value");
  assert.doesNotMatch(file, /SecretAccessKey|SessionToken|Signature=|AWS4-HMAC/);
  assert.doesNotMatch(file, /"record":|"seal":|eyJ[A-Za-z0-9_-]{20,}\./, "no record and no JWS");
  const lines = file.trimEnd().split("\n");
  assert.ok(lines.length > 50);
  for (const line of lines.slice(-50)) JSON.parse(line);
});
