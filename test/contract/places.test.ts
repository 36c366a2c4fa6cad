import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { uselessBecause } from "../../lib/cli/usable.ts";
import { contractDraft, signContract } from "../../lib/client/contract.ts";
import { parsePlaneId } from "../../lib/config.ts";
import { readContract } from "../../lib/contract/contract.ts";
import { judgePlace } from "../../lib/contract/judge.ts";
import { newPrivateJwk, signingKey } from "../../lib/index.ts";
import { isRefusal } from "../../lib/refusal.ts";

const ACCOUNT = "111122223333";
const NOW = Date.parse("2026-01-01T00:00:00Z");
const PLACES = [
  ["aws", "eu-central-1"],
  ["aws-us-gov", "us-gov-west-1"],
  ["aws-cn", "cn-northwest-1"],
  ["aws-eusc", "eusc-de-east-1"],
  ["aws-iso-b", "us-isob-east-1"],
  ["aws-iso-e", "eu-isoe-west-1"],
  // Nothing is known of it, but that its name can stand in an endpoint.
  ["aws-new2", "x1-y2-3"],
] as const;

const planeIn = (region: string) => `vai:${ACCOUNT}:${region}:payments`;
const arnIn = (partition: string, region: string) =>
  `arn:${partition}:ssm:${region}:${ACCOUNT}:parameter/checkout/limit`;

/** A contract over these targets, signed as `vai contract sign` does. */
function signed(region: string, resources: readonly string[]): string {
  const key = () => signingKey(newPrivateJwk());
  const draft = contractDraft.parse({
    purpose: "raise a limit",
    actor: { id: "spiffe://example.org/agent/limits", kind: "agent" },
    risk: "LOW",
    steps: [
      {
        ...{ id: "raise", actions: ["ssm:PutParameter"], resources },
        parameters: { value: { oneOf: ["20", "30"] } },
      },
    ],
    window: { seconds: 600 },
  });
  let ids = 0;
  return signContract(draft, {
    ...{ plane: planeIn(region), executor: key().thumbprint, now: NOW },
    issuer: { name: "issuer", key: key() },
    decider: { name: "decider", key: key() },
    policy: { id: "baseline", version: "1", digest: `sha256:${"0".repeat(64)}` },
    newId: () => `00000000-0000-4000-8000-${String(++ids).padStart(12, "0")}`,
  }).contract;
}

function read(jws: string) {
  const found = readContract(jws);
  assert.ok(!isRefusal(found), JSON.stringify(found));
  return found.claims;
}

suite("where a plane and its contracts can be", () => {
  for (const [partition, region] of PLACES) {
    test(`VAI-27 a contract for ${region} of ${partition} is signed, read and in its place`, () => {
      const plane = parsePlaneId(planeIn(region));
      assert.deepEqual([plane?.region, plane?.account], [region, ACCOUNT]);
      assert.ok(plane !== undefined);
      const claims = read(signed(region, [arnIn(partition, region)]));
      assert.equal(claims.partition, partition === "aws" ? undefined : partition);
      assert.equal(claims.region, region);
      assert.equal(judgePlace(claims, plane), undefined);
    });
  }

  for (const [partition, region] of PLACES.slice(0, 4)) {
    test(`VAI-27 what is signed for ${partition} is of use: authority can be derived of it`, () => {
      assert.equal(uselessBecause(signed(region, [arnIn(partition, region)])), undefined);
    });
  }

  test("VAI-51 a contract over two partitions is refused for the second, whichever it is", () => {
    const region = "us-gov-west-1";
    const two = [arnIn("aws-us-gov", region), arnIn("aws", region)];
    for (const resources of [two, two.toReversed()]) {
      const plane = parsePlaneId(planeIn(region));
      assert.ok(plane !== undefined);
      const refused = judgePlace(read(signed(region, resources)), plane);
      assert.equal(refused?.code, "ACCOUNT_MISMATCH");
      assert.equal(refused?.pointer, "/contract/authorization_details/0/resources/1");
    }
  });

  test("VAI-51 what could be no part of an endpoint is no region of a plane id", () => {
    const bad = ["", "US-EAST-1", "us--east-1", "-us", "us-", "us.east", "us_east", "us/east", "*"];
    for (const region of [...bad, "us-éast-1", "a".repeat(64), "us-east-1\n"])
      assert.equal(parsePlaneId(planeIn(region)), undefined, JSON.stringify(region));
    assert.ok(parsePlaneId(planeIn("a".repeat(63))) !== undefined);
  });
});
