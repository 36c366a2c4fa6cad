import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { DeleteRolePolicyCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { GetPublicKeyCommand } from "@aws-sdk/client-kms";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { S3BreakGlassStore } from "../../lib/aws/ports/break-glass/store.ts";
import { documentDigest } from "../../lib/encoding/canonical-json.ts";
import type { Answer } from "../../lib/enforcement/answer.ts";
import { BREAK_GLASS, readUse } from "../../lib/lifecycle/break-glass.ts";
import { ABANDONED } from "../../lib/lifecycle/due.ts";
import { REVOCATIONS } from "../../lib/lifecycle/revocation-policy.ts";
import type { CloudTrailEvent } from "../../localstack/machine/control.ts";
import { withoutAws } from "../../localstack/machine/environment.ts";
import { readIfThere } from "../../localstack/machine/files.ts";
import { REPOSITORY_ROOT, stateFolder } from "../../localstack/machine/paths.ts";
import { run } from "../../localstack/machine/run.ts";
import { Functions } from "../matrix/functions.ts";
import { delegated, withdrawn } from "../support/delegating.ts";
import {
  granted,
  invoke,
  invokeDelegate,
  invokeRaw,
  refused,
  settingEvent,
  shiftEvent,
} from "../support/local/agent.ts";
import { beginAnew } from "../support/local/begin-anew.ts";
import { byTwo, call, command, lifted } from "../support/local/commands.ts";
import {
  delegateByUrl,
  ending,
  handingOn,
  handOn,
  paying,
  payingEvent,
  payments,
} from "../support/local/continued.ts";
import { settingDraft, shiftDraft, signDraft } from "../support/local/contracts.ts";
import { emergency, reviewAll } from "../support/local/emergencies.ts";
import { breaking, named, recorded } from "../support/local/faults.ts";
import { publishNext } from "../support/local/ground.ts";
import { publishedPolicy } from "../support/local/iam.ts";
import {
  askToRun,
  type BoundedOperation,
  type Call,
  everyOperation,
  runAtIssue,
  runByHandle,
  signOperation,
} from "../support/local/operations.ts";
import { callerPolicy, type RoleHolder, stackRoles } from "../support/local/permissions.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { send } from "../support/local/sigv4.ts";
import { resetRouting, seedItem } from "../support/local/targets.ts";
import {
  allows,
  type Document,
  type Holder,
  isNoticed,
  type Judged,
  mutantsOf,
  type Permission,
  permissionsOf,
  without,
} from "../support/permission-mutants.ts";
import { authorizationsOf } from "../support/trail-iam.ts";

type Unneeded = readonly [holder: RegExp, sid: string, reason: string];

/**
 * Permissions that no recorded call needs, by holder and statement, each with its reason. Everything
 * else that the stack allows is needed by a call of the end-to-end run, or this test fails.
 */
const MADE_BY_AWS: readonly Unneeded[] = [
  [
    /-(issue|execute|delegate|govern|revoke|sweep|watch)$/,
    "WriteOwnLog",
    "Lambda itself writes the log, as the role",
  ],
  [/-watch$/, "ReadEvidenceStream", "Lambda itself polls the stream, as the role"],
  [/-watch$/, "ListStreams", "Lambda itself polls the stream, as the role"],
];

/**
 * Resources of a statement that no call can need, each with its reason: `sweep` looks by the reader role of every family,
 * and of these two a chain holds what was asked by its digest alone (`lib/enforcement/read/operation.ts`).
 */
const ALIKE: readonly (readonly [...Unneeded, resource: RegExp])[] = [
  [/-sweep$/, "ObtainReaderSession", "an object's content is on no record", /-read-s3$/],
  [/-sweep$/, "ObtainReaderSession", "a parameter's value is on no record", /-read-ssm$/],
];

const byInvoke =
  (plane: LocalPlane): Call =>
  async (name, event) => {
    const Payload = JSON.stringify(event);
    const FunctionName = plane.outputs.functions[name];
    const answer = await plane.agent.lambda.send(new InvokeCommand({ FunctionName, Payload }));
    return JSON.parse(Buffer.from(answer.Payload ?? []).toString("utf8")) as Answer;
  };

const byUrl =
  ({ outputs }: LocalPlane): Call =>
  async (name, event) => {
    const answer = await send({
      ...{ endpoint: outputs.endpoint, host: new URL(outputs.functionUrls[name]).host },
      ...{ region: outputs.region, service: "lambda", body: JSON.stringify(event) },
      headers: { "content-type": "application/json" },
      credentials: outputs.credentials.agent,
    });
    return JSON.parse(answer.body) as Answer;
  };

/** Every action at `issue` and by handle; refusals, retries, contention, an audit; what people and `sweep` end. */
async function endToEnd(t: TestContext, plane: LocalPlane): Promise<void> {
  t.after(() => resetRouting(plane));
  await seedItem(plane, "permissions");
  // The samples live on: the call is made, and refused as if they were protected.
  const fault = await breaking(t, plane, {
    match: { service: "ec2", operation: "TerminateInstances" },
    do: { status: 400, errorCode: "OperationNotPermitted" },
  });
  const families = Map.groupBy(everyOperation(plane, "permissions"), ({ action }) =>
    action.slice(0, action.indexOf(":")),
  );
  await Promise.all([...families.values()].map((operations) => runAll(plane, operations)));
  await fault.assertHit();
  await fault.mend();
  await audit(plane, await refusalsAndContention(plane));
  await handOnAndBack(plane);
  await operate(plane);
  await askPeople(plane);
  await runEmergencies(t, plane);
  const functions = await Functions.of(t, plane, ["issue", "sweep"]);
  await sweepLost(plane, functions);
  await reviewAll(plane);
  await haltAndLift(t, plane, functions);
}

/** The first of a family at `issue` and by handle, so that both functions use its roles. */
async function runAll(plane: LocalPlane, operations: readonly BoundedOperation[]): Promise<void> {
  for (const [index, operation] of operations.entries()) {
    const ways = index === 0 ? [runAtIssue, runByHandle] : [index % 2 ? runAtIssue : runByHandle];
    for (const way of ways) {
      const answer = await way(plane, byInvoke(plane), signOperation(plane, operation), operation);
      const { outcome } = granted(answer);
      const isEnd = operation.action === "ec2:TerminateInstances";
      assert.equal(outcome?.status, isEnd ? "failed" : "succeeded", JSON.stringify(outcome));
    }
  }
}

/** @returns the chain of an intent that was granted */
async function refusalsAndContention(plane: LocalPlane): Promise<string> {
  const [first] = everyOperation(plane, "permissions");
  assert.ok(first);
  refused(await invokeRaw(plane, "{}"), "CONTRACT_MALFORMED");
  const held = signOperation(plane, first);
  const call = byUrl(plane);
  const answers = await Promise.all([
    runAtIssue(plane, call, held, first),
    runByHandle(plane, call, held, first),
  ]);
  const [chainId = ""] = answers.map((answer) => granted(answer).evidence.chainId);
  refused(await runAtIssue(plane, call, held, first), "CONTRACT_CONSUMED");
  return chainId;
}

/** Handed on by name and by URL, used under the chain, and taken back. */
async function handOnAndBack(plane: LocalPlane): Promise<void> {
  const held = payments(plane);
  const steps = [paying(plane, "refund", 100)];
  const first = await handOn(plane, held, { steps });
  const on = { chain: first.chain, by: "delegate", to: "delegate2", steps } as const;
  const { chain } = delegated(await delegateByUrl(plane, handingOn(plane, held, on)));
  granted(await invoke(plane, payingEvent(plane, held, { chain, by: "delegate2", amount: 10 })));
  withdrawn(await invokeDelegate(plane, ending(plane, held, first.block.digest)));
}

/**
 * As an auditor does it, with credentials of its own: the record that an answer names, the public
 * keys from KMS itself, and a complete export by the command.
 */
async function audit(plane: LocalPlane, chainId: string): Promise<void> {
  const { dynamoDb, kms } = plane.auditor;
  const { tables, evidenceKeyId, planeKeyId } = plane.outputs;
  const Key = { chainId: { S: chainId }, seq: { N: "1" } };
  const read = await dynamoDb.send(new GetItemCommand({ TableName: tables.evidence, Key }));
  assert.ok(read.Item);
  for (const KeyId of [evidenceKeyId, planeKeyId]) {
    assert.ok((await kms.send(new GetPublicKeyCommand({ KeyId }))).PublicKey);
  }
  const folder = join(dirname(plane.outputsFile), "permissions-export");
  rmSync(folder, { recursive: true, force: true });
  const main = join(REPOSITORY_ROOT, "lib", "cli", "main.js");
  const env = { ...withoutAws(process.env), VAI_OUTPUTS: plane.outputsFile };
  const { code, stderr } = await run(process.execPath, [main, "export", folder], { env });
  rmSync(folder, { recursive: true, force: true });
  assert.equal(code, 0, stderr);
}

/** As an operator does it, with credentials of its own: looks, stops, and is refused what takes two names. */
async function operate(plane: LocalPlane): Promise<void> {
  const main = join(REPOSITORY_ROOT, "lib", "cli", "main.js");
  const env = { ...withoutAws(process.env), VAI_OUTPUTS: plane.outputsFile };
  const why = ["--reason", "a test of permissions", "--wait", "0"];
  const nobody = "00000000-0000-4000-8000-000000000000";
  for (const [args, ended] of [
    [["status"], 0],
    [["revoke", "identity", nobody, ...why], 1],
    [["lift", "plane", ...why], 1],
  ] as const) {
    const { code, stdout, stderr } = await run(process.execPath, [main, ...args], { env });
    assert.equal(code, ended, stdout + stderr);
    if (ended === 1) assert.match(stdout, /^refused +(IDENTITY_UNKNOWN|APPROVAL_REQUIRED)/);
  }
}

/** A policy is published; a contract that is bound under it, and a request, wait for people, who are told. */
async function askPeople(plane: LocalPlane): Promise<void> {
  const policy = await publishedPolicy(plane);
  await publishNext(plane, policy);
  const { governance } = policy;
  const parts = { risk: "HIGH", window: { startsIn: 0, seconds: 300 } } as const;
  const held = signDraft(plane, settingDraft(plane, "permissions", {}, parts), {
    governanceDigest: documentDigest(governance),
  });
  const { contract, proof } = held;
  const bound = await call(plane, "govern", { op: "register", contract, proof });
  assert.ok(bound.ok, JSON.stringify(bound));
  const event = settingEvent(plane, held, "permissions");
  refused(await invoke(plane, event), "CONSENSUS_NOT_REACHED");
}

/**
 * An emergency that is registered and run; the next, which waits for the first's review; and one of which the table has
 * nothing until `revoke` finds in the spool what `issue` could not store.
 */
async function runEmergencies(t: TestContext, plane: LocalPlane): Promise<void> {
  await resetRouting(plane);
  await reviewAll(plane);
  const first = emergency(plane);
  const { contract, proof } = first.held;
  const bound = await call(plane, "govern", { op: "register", contract, proof });
  assert.ok(bound.ok, JSON.stringify(bound));
  granted(await invoke(plane, shiftEvent(plane, first.held)));
  const next = shiftEvent(plane, emergency(plane).held);
  refused(await invoke(plane, next), "BREAK_GLASS_REVIEW_OVERDUE");
  const swept = await call(plane, "sweep", {});
  assert.ok(swept.ok, JSON.stringify(swept));
  await lookAtUses(plane);
  await reviewAll(plane);
  await resetRouting(plane);
  await handOnInEmergency(t, plane);
  await reviewAll(plane);
  await resetRouting(plane);
  const { held, digest } = await spooledEmergency(t, plane);
  const order = command(plane, { do: "revokeContract", contractDigest: digest });
  const ended = await call(plane, "revoke", { command: order, contract: held.contract });
  assert.ok(ended.ok && ended.evidence !== undefined, JSON.stringify(ended));
  await reviewAll(plane);
}

/** Nobody hands an emergency on; the refusal is written behind what stands in the spool alone. */
async function handOnInEmergency(t: TestContext, plane: LocalPlane): Promise<void> {
  const { held } = await spooledEmergency(t, plane);
  const event = handingOn(plane, held, { steps: shiftDraft(plane).steps });
  refused(await invokeDelegate(plane, event), "CHAIN_TOO_DEEP");
}

/** An emergency that has run and whose evidence stands in the spool alone. */
async function spooledEmergency(t: TestContext, plane: LocalPlane) {
  const told = emergency(plane);
  const fault = await breaking(t, plane, {
    match: { service: "dynamodb", operation: "TransactWriteItems", role: "vai-local-issue" },
    do: { status: 500, errorCode: "InternalServerError" },
  });
  granted(await invoke(plane, shiftEvent(plane, told.held)));
  await fault.assertHit();
  await fault.mend();
  return told;
}

/** As an auditor does it, with credentials of its own: which uses stand in the bucket, and what each says. */
async function lookAtUses({ auditor, outputs }: LocalPlane): Promise<void> {
  const store = new S3BreakGlassStore(() => auditor.s3, outputs.buckets.breakGlass);
  const keys = await store.keys(BREAK_GLASS, "");
  const [use = ""] = keys.filter((key) => key.endsWith("/use"));
  assert.ok(readUse((await store.read(use))[0] ?? ""), use);
}

/** One execution of each family whose function is stopped in its call: its identity stays open, with its session. */
async function stopInCalls(plane: LocalPlane, functions: Functions): Promise<void> {
  const families = Map.groupBy(everyOperation(plane, "permissions"), ({ action }) =>
    action.slice(0, action.indexOf(":")),
  );
  const runs = [...families.values()].map(([operation]) => {
    assert.ok(operation);
    const { action } = operation;
    const { table } = plane.outputs.samples;
    const name = action.startsWith("dynamodb:") ? `${action} ${table}` : action;
    const event = askToRun(plane, signOperation(plane, operation), operation);
    return { event, clock: Date.now, planned: { name, nth: 1, fault: "stopped" } as const };
  });
  for (const { said, door } of await functions.runAll("issue", runs)) {
    assert.equal(said, "stopped");
    await door.close();
  }
}

/** An emergency whose function is stopped in its call, so that `sweep` spools and stores how it ended. */
async function stopAnEmergency(plane: LocalPlane, functions: Functions): Promise<void> {
  await resetRouting(plane);
  const planned = { name: "lambda:UpdateAlias", nth: 1, fault: "stopped" } as const;
  const event = shiftEvent(plane, emergency(plane).held);
  const [ran] = await functions.runAll("issue", [{ event, clock: Date.now, planned }]);
  assert.equal(ran?.said, "stopped");
  await ran.door.close();
}

/**
 * What was lost is looked for once nobody can be at work on it any more. The clock of a deployed function cannot be moved, so
 * this one stands for it, with the same code under the same role.
 */
async function sweepLost(plane: LocalPlane, functions: Functions): Promise<void> {
  await stopInCalls(plane, functions);
  await stopAnEmergency(plane, functions);
  const clock = () => Date.now() + ABANDONED;
  const [swept] = await functions.runAll("sweep", [{ event: {}, clock }]);
  assert.deepEqual([typeof swept?.said, "written" in Object(swept?.said)], ["object", true]);
  await swept?.door.close();
}

const REVOKING = "vai-local-revoke";

/** Halts, one of them without its record; what ends what they cover; and two names that lift them. */
async function haltAndLift(t: TestContext, plane: LocalPlane, functions: Functions): Promise<void> {
  const [held, unknown] = ["coordinator", "nobody"].map(
    (name) => `spiffe://example.org/agent/${name}`,
  );
  const lift = (actorId = "") =>
    call(plane, "govern", byTwo(plane, { do: "reinstateActor", actorId }));
  const halt = async (actorId = "") => {
    t.after(() => lift(actorId));
    const event = { command: command(plane, { do: "haltActor", actorId }) };
    const answer = await call(plane, "revoke", event);
    assert.ok(answer.ok, JSON.stringify(answer));
    return answer;
  };
  // What the minute's `sweep` was faster to deny, `revoke` finds as it should be: then once more.
  for (let time = 1; ; time++) {
    await stopInCalls(plane, functions);
    const { result, calls } = await recorded(plane, () => halt(held));
    assert.ok(result.evidence);
    const denied = result.points.filter(({ point }) => point === "iam");
    const own = named(calls, "iam PutRolePolicy").filter((event) => roleOf(event) === REVOKING);
    if (own.length >= denied.length) break;
    assert.ok(time < 5, `${own.length} of ${denied.length} roles were denied by revoke`);
    await lifted(plane, { do: "reinstateActor", actorId: held });
    await dropDenials(plane);
  }
  const fault = await breaking(t, plane, {
    match: { service: "kms", operation: "Sign", role: REVOKING },
    do: { status: 400, errorCode: "KMSInvalidStateException" },
  });
  assert.equal((await halt(unknown)).evidence, undefined);
  await fault.assertHit();
  await fault.mend();
  await dropDenials(plane);
  const swept = await call(plane, "sweep", {});
  assert.ok(swept.ok, JSON.stringify(swept));
  for (const actorId of [held, unknown]) {
    await lifted(plane, { do: "reinstateActor", actorId });
  }
}

/** As an administrator can: `sweep` puts them again. */
async function dropDenials(plane: LocalPlane): Promise<void> {
  const roles = (await stackRoles(plane)).filter(({ name }) => name.includes("-exec-"));
  for (const { name: RoleName } of roles) {
    const policy = { RoleName, PolicyName: REVOCATIONS };
    await plane.deployer.iam.send(new DeleteRolePolicyCommand(policy));
  }
}

/** Every call since the start, from the file: also of the start, which published the trust policy. */
function wholeFeed(plane: LocalPlane): CloudTrailEvent[] {
  const { trail } = stateFolder(dirname(plane.outputsFile));
  const text = (readIfThere(`${trail}.1`) ?? "") + readFileSync(trail, "utf8");
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as CloudTrailEvent);
}

const roleOf = ({ userIdentity: { arn = "" } }: CloudTrailEvent): string | undefined =>
  arn.split(":assumed-role/")[1]?.split("/")[0];

/** Calls that AWS did not refuse for want of a permission: those that the plane lives on. */
const isGood = ({ errorCode }: CloudTrailEvent): boolean =>
  errorCode === undefined ||
  !/AccessDenied|Unauthorized|InvalidClientToken|Signature/.test(errorCode);

/** The calls of the plane's own functions and sessions, and of its callers, by who made them. */
function callsByHolder(
  plane: LocalPlane,
  feed: readonly CloudTrailEvent[],
  window: readonly CloudTrailEvent[],
  boundaries: ReadonlyMap<string, string>,
): Map<string, Judged[]> {
  const { account } = plane.outputs;
  const functionOf = servingIn(plane, window);
  const tags = new Map<string, Readonly<Record<string, string>>>();
  const found = new Map<string, Judged[]>();
  for (const event of feed.filter(isGood)) {
    const key = event.userIdentity.accessKeyId ?? "";
    const servedBy = functionOf(event);
    if (servedBy !== undefined) rememberTags(tags, event);
    const holder = servedBy !== undefined || tags.has(key) ? roleOf(event) : callerOf(event);
    if (holder === undefined) continue;
    const calls = authorizationsOf(event).map((each) => ({
      ...{ action: each.action, resource: each.resource },
      principalArn: event.userIdentity.arn ?? "",
      context: {
        ...each.context,
        ...boundaryOf(each.resource, boundaries),
        ...tags.get(key),
        ...{ "aws:RequestedRegion": event.awsRegion, "aws:ResourceAccount": account },
        "aws:CurrentTime": event.eventTime,
        ...(servedBy !== undefined && { "lambda:SourceFunctionArn": servedBy }),
      },
    }));
    found.set(holder, [...(found.get(holder) ?? []), ...calls]);
  }
  return found;
}

/**
 * Which deployed function made a call, if one did. In this test's own calls a function that stands for one, under its role
 * and because its clock must be moved, counts as that one.
 */
function servingIn({ outputs }: LocalPlane, window: readonly CloudTrailEvent[]) {
  const { region, account, functions } = outputs;
  const arnOf = (name: string) => `arn:aws:lambda:${region}:${account}:function:${name}`;
  const own = new Set(Object.values(functions).map(arnOf));
  const inWindow = new Set(window.map(({ eventID }) => eventID));
  return (event: CloudTrailEvent): string | undefined => {
    const by = event.userIdentity.inScopeOf?.credentialsIssuedTo;
    if (by === undefined || own.has(by)) return by;
    const stoodFor = arnOf(roleOf(event) ?? "");
    return inWindow.has(event.eventID) && own.has(stoodFor) ? stoodFor : undefined;
  };
}

/** What IAM adds to a call on a role: the boundary that the role has. */
function boundaryOf(resource: string, boundaries: ReadonlyMap<string, string>) {
  const boundary = boundaries.get(resource.split(":role/")[1] ?? "");
  return boundary === undefined ? {} : { "iam:PermissionsBoundary": boundary };
}

/** The users whose policies the stack writes; what others do needs none of its permissions. */
const callerOf = ({ userIdentity: { userName } }: CloudTrailEvent): string | undefined =>
  CALLERS.find((name) => name === userName);
const CALLERS = ["agent", "operator", "auditor"];

/** The tags of sessions that the plane obtained, by their access key: the join of the feed. */
function rememberTags(
  tags: Map<string, Readonly<Record<string, string>>>,
  { requestParameters, responseElements }: CloudTrailEvent,
): void {
  const { credentials } = (responseElements ?? {}) as { credentials?: { accessKeyId: string } };
  if (credentials === undefined) return;
  const given = (requestParameters?.["tags"] ?? []) as readonly { key: string; value: string }[];
  const named = given.map(({ key, value }) => [`aws:PrincipalTag/${key}`, value]);
  tags.set(credentials.accessKeyId, Object.fromEntries(named));
}

const reasonFor = ({ name }: Holder, { sid, resource }: Permission): string | undefined =>
  [...MADE_BY_AWS.map((each) => [...each, /^/] as const), ...ALIKE].find(
    ([holder, statement, , of]) => holder.test(name) && statement === sid && of.test(resource),
  )?.[2];

/** The few distinct calls among many: judging each once is enough. */
const distinct = (calls: readonly Judged[]): Judged[] => [
  ...new Map(
    calls.map((call) => {
      const { "aws:CurrentTime": _, ...context } = call.context as Record<string, unknown>;
      return [
        JSON.stringify([
          call.action,
          call.resource,
          call.principalArn.split("/")[1],
          Object.keys(context),
        ]),
        call,
      ];
    }),
  ).values(),
];

test("VAI-45 VAI-132 every permission of the stack's roles is needed by a recorded call, or its reason is listed", async (t) => {
  const plane = await localPlane();
  // Before a function of the test's own stands for a deployed one, which a role's policy then names.
  const roles = await stackRoles(plane);
  // What a process asks once and remembers is in the feed again, however much of the feed other tests have filled.
  await beginAnew(plane, ["issue", "execute", "delegate", "govern", "revoke", "sweep"]);
  const { calls: window } = await recorded(plane, () => endToEnd(t, plane));
  const feed = wholeFeed(plane);
  assert.ok(
    feed.some(({ eventID }) => eventID === window.at(-1)?.eventID),
    "the file has all of it",
  );
  const boundaries = new Map(
    roles.flatMap(({ name, boundaryArn }) => (boundaryArn ? [[name, boundaryArn] as const] : [])),
  );
  const byHolder = callsByHolder(plane, feed, window, boundaries);
  const holders: Holder[] = [
    ...roles,
    ...(await Promise.all(
      CALLERS.map(async (name) => ({ ...(await callerPolicy(plane, `vai-local-${name}`)), name })),
    )),
  ];
  const counts = { permissions: 0, noticed: 0, listed: 0, calls: 0 };
  const unneeded: string[] = [];
  for (const holder of holders) {
    const calls = distinct(byHolder.get(holder.name) ?? []);
    counts.calls += calls.length;
    for (const call of calls) {
      assert.ok(
        allows(holder, call),
        `${holder.name} was not allowed ${call.action} ${call.resource}`,
      );
    }
    for (const mutant of mutantsOf(holder)) {
      const { sid, action, resource } = mutant.permission;
      const isListed = reasonFor(holder, mutant.permission) !== undefined;
      const isNeeded = isNoticed(mutant, calls);
      counts.permissions += 1;
      if (isNeeded) counts.noticed += 1;
      if (isListed) counts.listed += 1;
      if (isNeeded === isListed) {
        unneeded.push(`${holder.name} ${sid}: ${action} on ${resource}`);
      }
    }
  }
  assert.deepEqual(
    unneeded,
    [],
    "permissions that nothing needs, or that are listed though needed",
  );
  assert.equal(counts.noticed + counts.listed, counts.permissions);
  t.diagnostic(
    `${counts.permissions} permissions of ${holders.length} roles and policies removed one by one: ` +
      `${counts.noticed} noticed by ${counts.calls} distinct recorded calls, ${counts.listed} listed with their reason`,
  );
});

/** Permissions that are taken away for real, and how the plane answers without them. */
const DEPLOYED: readonly (readonly [
  role: string,
  action: string,
  resource: RegExp,
  code: string,
])[] = [
  ["vai-local-issue", "dynamodb:PutItem", /vai-local-evidence$/, "EVIDENCE_STORE_UNAVAILABLE"],
  ["vai-local-issue", "sts:AssumeRole", /vai-local-exec-dynamodb$/, "STS_FAILED"],
  ["vai-local-exec-dynamodb", "dynamodb:UpdateItem", /sample-settings$/, "denied"],
];

for (const [role, action, resource, code] of DEPLOYED) {
  test(`VAI-45 without ${action} on ${role} the deployed plane ends in ${code}, and with it it is granted`, async (t) => {
    const plane = await localPlane();
    const holder = (await stackRoles(plane)).find(({ name }) => name === role);
    assert.ok(holder);
    const permission = permissionsOf(holder.document).find(
      (each) => each.action === action && resource.test(each.resource),
    );
    assert.ok(permission);
    await seedItem(plane, "poorer");
    const operation = everyOperation(plane, "poorer")[0] as BoundedOperation;
    const ask = () =>
      runAtIssue(plane, byInvoke(plane), signOperation(plane, operation), operation);
    const restore = await poorer(t, plane, holder, permission);
    const { result, calls } = await recorded(plane, ask);
    const ended = result.ok ? result.outcome?.error?.kind : result.code;
    assert.equal(ended, code, JSON.stringify(result));
    const denied = calls.filter(({ errorCode }) => /AccessDenied/.test(errorCode ?? ""));
    assert.ok(
      denied.some((event) => roleOf(event) === role),
      "IAM denied the role",
    );
    await restore();
    assert.equal(granted(await ask()).outcome?.status, "succeeded");
  });
}

/** Puts the role's policy without one permission; the whole one is back at the latest after the test. */
async function poorer(
  t: TestContext,
  { deployer }: LocalPlane,
  { name, policyName, document }: RoleHolder,
  permission: Permission,
): Promise<() => Promise<void>> {
  const policy = { RoleName: name, PolicyName: policyName };
  const put = async (changed: Document): Promise<void> => {
    const isEmpty = changed.Statement.length === 0;
    const PolicyDocument = JSON.stringify(changed);
    await (isEmpty
      ? deployer.iam.send(new DeleteRolePolicyCommand(policy))
      : deployer.iam.send(new PutRolePolicyCommand({ ...policy, PolicyDocument })));
  };
  t.after(() => put(document));
  await put(without(document, permission));
  return () => put(document);
}
