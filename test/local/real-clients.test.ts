import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type TestContext, test } from "node:test";
import { contractDraft, type SignedContract } from "../../lib/client/contract.ts";
import { intentOf, signDraft, tableArn } from "../support/local/contracts.ts";
import { typesOf, verifiedChain } from "../support/local/evidence.ts";
import { breaking } from "../support/local/faults.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { readItem, seedItem } from "../support/local/targets.ts";
import {
  type RealCall,
  realClient,
  SDKS,
  type Sdk,
  selfCalling,
  type Way,
} from "../support/real-client.ts";

/** Seconds: how long these contracts are, and how long they still last. AWS refuses signatures 5 minutes off. */
const [WINDOW, LEFT] = [600, 120];

/** A contract for the credentials of one action on one resource, that ends in two minutes. */
function directContract(plane: LocalPlane, action: string, resource: string, calls = 1) {
  const draft = contractDraft.parse({
    purpose: `an unmodified client does ${action}`,
    actor: { id: "spiffe://example.org/agent/coordinator", kind: "agent" },
    ...{ risk: "LOW", deliveries: ["credentials"], window: { seconds: WINDOW } },
    steps: [
      {
        ...{ id: "direct", actions: [action], resources: [resource] },
        ...{ parameters: "unbounded", limits: { calls } },
      },
    ],
  });
  return signDraft(plane, draft, { now: Date.now() - (WINDOW - LEFT) * 1000 });
}

const setWeight = (TableName: string, pk: string, weight: number): RealCall => ({
  ...{ service: "dynamodb", operation: "UpdateItem" },
  input: {
    ...{ TableName, Key: { pk: { S: pk } }, UpdateExpression: "SET weight = :weight" },
    ExpressionAttributeValues: { ":weight": { N: String(weight) } },
  },
});

async function clientOfOneTable(t: TestContext, sdk: Sdk, way: Way) {
  const plane = await localPlane();
  const item = `real-${randomUUID()}`;
  await seedItem(plane, item);
  const held = directContract(plane, "dynamodb:UpdateItem", tableArn(plane));
  const client = await realClient(t, plane, sdk, held, way);
  return { plane, item, held, client };
}

const recordedTypes = async (plane: LocalPlane, held: SignedContract) =>
  typesOf(await verifiedChain(plane, `intent/${intentOf(held)}`));

for (const sdk of SDKS) {
  for (const way of ["profile", "environment"] as const) {
    test(`VAI-44 X-01 an unmodified ${sdk} (${way}) works under a contract, and IAM denies it everything beyond`, async (t) => {
      const { plane, item, held, client } = await clientOfOneTable(t, sdk, way);
      const { table } = plane.outputs.samples;
      assert.equal(await client.call(setWeight(table, item, 20)), "allowed");
      assert.equal(
        await client.call(setWeight(table, item, 21)),
        "allowed",
        "one session, many calls",
      );
      assert.equal((await readItem(plane, item))?.["weight"], 21);

      const own = { TableName: table, Key: { pk: { S: item } } };
      const beyond: Readonly<Record<string, RealCall>> = {
        "another table": setWeight(plane.outputs.tables.registry, item, 1),
        "another action": { service: "dynamodb", operation: "GetItem", input: own },
        "taking it away": { service: "dynamodb", operation: "DeleteItem", input: own },
      };
      // Each client object of the JavaScript SDK runs the process anew, and this contract has one issuance.
      const others: Readonly<Record<string, RealCall>> =
        sdk === "JavaScript SDK" && way === "profile"
          ? {}
          : {
              "another region": { ...setWeight(table, item, 22), region: "eu-west-1" },
              "becoming somebody else": {
                ...{ service: "sts", operation: "AssumeRole" },
                input: {
                  RoleArn: `arn:aws:iam::${plane.outputs.account}:role/vai-local-exec-dynamodb`,
                  RoleSessionName: "somebody",
                },
              },
            };
      for (const [what, call] of Object.entries({ ...beyond, ...others })) {
        assert.match(await client.call(call), /^AccessDenied(Exception)?$/, what);
      }

      const late = await breaking(t, plane, {
        match: { service: "dynamodb", role: "vai-local-exec-dynamodb" },
        do: { skewSeconds: LEFT + 30 },
      });
      const after = await client.call(setWeight(table, item, 23));
      assert.match(after, /^ExpiredToken(Exception)?$/, "after the contract's end");
      await late.assertHit();
      await late.mend();
      assert.equal((await readItem(plane, item))?.["weight"], 21);
      const types = await recordedTypes(plane, held);
      assert.equal(types.filter((type) => type === "CredentialsMinted").length, 1);
    });
  }

  test(`VAI-44 each start of an unmodified ${sdk} is one issuance: a used-up contract gives it no credentials`, async (t) => {
    const { plane, item, held, client } = await clientOfOneTable(t, sdk, "profile");
    const { table } = plane.outputs.samples;
    assert.equal(await client.call(setWeight(table, item, 30)), "allowed");
    const second = await realClient(t, plane, sdk, held);
    const outcome = await second.call(setWeight(table, item, 31));
    assert.match(outcome, /^Credential/);
    // The JavaScript SDK's default chain keeps to itself why a provider failed.
    if (sdk === "boto3") assert.match(outcome, /CONTRACT_CONSUMED[\s\S]*step direct allows 1/);
    assert.equal((await readItem(plane, item))?.["weight"], 30);
  });
}

test("VAI-44 S3 through credentials: the one object of the contract and no other, by the unmodified JavaScript SDK", async (t) => {
  const plane = await localPlane();
  const { bucket } = plane.outputs.samples;
  const Key = `real-${randomUUID()}`;
  const held = directContract(plane, "s3:PutObject", `arn:aws:s3:::${bucket}/${Key}`);
  const client = await realClient(t, plane, "JavaScript SDK", held);
  const put = (input: object): RealCall => ({
    ...{ service: "s3", operation: "PutObject" },
    input: { Bucket: bucket, Key, Body: "by an agent", ...input },
  });
  assert.equal(await client.call(put({})), "allowed");
  assert.equal(await client.call(put({ Key: `${Key}-other` })), "AccessDenied");
  const read = { ...put({}), operation: "GetObject", input: { Bucket: bucket, Key } };
  assert.equal(await client.call(read), "AccessDenied");
});

test("VAI-44 a profile that would call itself for its own credentials ends, and says what to give", async (t) => {
  const plane = await localPlane();
  const held = directContract(plane, "dynamodb:UpdateItem", tableArn(plane));
  const { code, stdout, stderr } = await selfCalling(t, plane, held);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /credential_process runs vai itself.* Give --caller-profile a profile/);
});
