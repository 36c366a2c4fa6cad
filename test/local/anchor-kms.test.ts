import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { CreateKeyCommand, ScheduleKeyDeletionCommand } from "@aws-sdk/client-kms";
import { kmsSigner } from "../../lib/aws/people/plane-access.ts";
import { runCli } from "../../lib/cli/program.ts";
import { readPublicJwk } from "../../lib/encoding/jwk.ts";
import { signJwsBy } from "../../lib/encoding/jws.ts";
import { readTrustPolicy } from "../../lib/trust/read.ts";
import { run } from "../../localstack/machine/run.ts";
import { publishedPolicy } from "../support/local/iam.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { ownTemporary } from "../support/local/state.ts";

/** A KMS key of the deployer's that could be an anchor. @returns its ARN */
async function kmsKey(t: TestContext, { deployer }: LocalPlane): Promise<string> {
  const { KeyMetadata } = await deployer.kms.send(
    new CreateKeyCommand({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" }),
  );
  const { KeyId, Arn = "" } = KeyMetadata ?? {};
  t.after(() => deployer.kms.send(new ScheduleKeyDeletionCommand({ KeyId })));
  return Arn;
}

const MAIN = join(import.meta.dirname, "../../lib/cli/main.js");

async function publicPart({ outputs }: LocalPlane, arn: string) {
  const { accessKeyId, secretAccessKey } = outputs.credentials.deployer;
  const env = {
    ...{ PATH: String(process.env["PATH"]), AWS_ENDPOINT_URL: outputs.endpoint },
    ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
  };
  const { code, stdout, stderr } = await run(
    process.execPath,
    [MAIN, "keys", "kms", arn, "--json"],
    {
      ...{ cwd: dirname(MAIN), env },
    },
  );
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as { thumbprint: string; publicKey: Record<string, string> };
}

test("USR-12 an anchor may stay in KMS: its public part goes into the deployment, it signs there", async (t) => {
  const plane = await localPlane();
  const arn = await kmsKey(t, plane);
  const { thumbprint, publicKey } = await publicPart(plane, arn);
  const anchor = readPublicJwk(publicKey);
  assert.ok(typeof anchor !== "string" && anchor.thumbprint === thumbprint);
  const { endpoint, region, credentials } = plane.outputs;
  const place = { endpoint, region, credentials: credentials.deployer };
  const policy = await publishedPolicy(plane);
  const jws = await signJwsBy("vai-trust-policy+jwt", policy, kmsSigner(place, arn));
  const read = readTrustPolicy(jws, [anchor]);
  assert.deepEqual("policy" in read && read.policy, policy);
});

test("USR-12 a KMS key that is no anchor of this plane publishes nothing", async (t) => {
  const plane = await localPlane();
  const folder = mkdtempSync(join(ownTemporary(), "anchor-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { version, prev, plane: id, iat, exp, planeKeys, ...draft } = await publishedPolicy(plane);
  assert.ok(version && prev && id && iat && exp && planeKeys);
  const file = join(folder, "draft.json");
  writeFileSync(file, JSON.stringify(draft));
  const said: string[] = [];
  const vai = (...args: string[]) =>
    runCli(["trust", "publish", file, ...args], {
      out: (text) => said.push(text),
      err: (text) => said.push(text),
      environment: { VAI_OUTPUTS: plane.outputsFile },
      isTerminal: false,
    });
  assert.equal(await vai("--anchor-kms", await kmsKey(t, plane)), 1);
  assert.match(said.join("\n"), /is not signed by a pinned anchor/);
  const key = join(folder, "key.json");
  copyFileSync(join(dirname(plane.outputsFile), "keys", "anchor.json"), key);
  assert.match(readFileSync(key, "utf8"), /"d"/);
  for (const args of [[], ["--anchor-key", key, "--anchor-kms", "arn"]]) {
    said.length = 0;
    assert.equal(await vai(...args), 2);
    assert.match(said.join("\n"), /give one of --anchor-key FILE and --anchor-kms ARN/);
  }
  said.length = 0;
  assert.equal(await vai("--anchor-kms", "alias/anchor"), 2);
  assert.match(said.join("\n"), /is not the ARN of a KMS key/);
});
