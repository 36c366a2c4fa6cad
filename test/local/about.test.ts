import assert from "node:assert/strict";
import { test } from "node:test";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { localPlane } from "../support/local/plane.ts";

test("USR-14 the report names the emulator, its version, and that IAM is enforced", async (t) => {
  const plane = await localPlane();
  const { endpoint } = plane.outputs;
  const response = await fetch(`${endpoint}/_ministack/health`);
  const { version, edition, auth } = (await response.json()) as Record<string, unknown>;
  const wrong = plane.as({ ...plane.outputs.credentials.deployer, secretAccessKey: "wrong" });
  await assert.rejects(wrong.sts.send(new GetCallerIdentityCommand({})), {
    name: "SignatureDoesNotMatch",
  });
  assert.equal(auth, "enabled");
  t.diagnostic(`emulator: MiniStack ${version} (${edition}) at ${endpoint}`);
  t.diagnostic("enforcement: on (signatures, identity, session, trust, key and table policies)");
});
