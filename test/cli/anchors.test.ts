import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { anchorKeys, pinnedBy } from "../../lib/cli/anchors.ts";
import { fromCdkOutputs } from "../../lib/cli/cdk-outputs.ts";
import { readDeployment } from "../../lib/cli/deployment.ts";
import { jwkThumbprint } from "../../lib/encoding/jwk.ts";
import { KEYS } from "../support/keys.ts";
import { PLANE } from "../support/trust.ts";
import { desk } from "./support/plane-endpoint.ts";

const STACK = {
  Plane: PLANE,
  IssueFunction: "issue",
  IssueUrl: "https://issue.example/",
  ExecuteFunction: "execute",
  ExecuteUrl: "https://execute.example/",
  DelegateUrl: "https://delegate.example/",
  GovernFunction: "govern",
  DelegateFunction: "delegate",
  RevokeFunction: "revoke",
  SweepFunction: "sweep",
  EvidenceTable: "evidence",
  StateTable: "state",
  RegistryTable: "registry",
  EvidenceKeyId: "evidence-key",
  PlaneKeyId: "plane-key",
};
const IO = { out: () => {}, err: () => {}, environment: {}, isTerminal: false };

describe("the anchors of a deployment", () => {
  test("VAI-24 their public keys come from the stack's outputs; a key that is given goes first", async (t) => {
    const { file } = await desk(t);
    const listed = [KEYS.anchor.jwk, KEYS.issuer.jwk];
    const { thumbprint: Anchor } = KEYS.anchor;
    const stack = { ...STACK, Anchor, AnchorKeys: JSON.stringify(listed) };
    writeFileSync(file("cdk.json"), JSON.stringify({ plane: stack }));
    const deployment = readDeployment(IO, file("cdk.json"));
    const keys = anchorKeys(deployment, undefined);
    assert.deepEqual(keys, listed);
    assert.deepEqual(pinnedBy(deployment, undefined, keys), listed.map(jwkThumbprint));
    const given = anchorKeys(deployment, file("agent.json"));
    assert.deepEqual(
      pinnedBy(deployment, file("agent.json"), given),
      [KEYS.agent.jwk].map(jwkThumbprint),
    );
  });

  test("VAI-24 outputs without them, or with what is none, are no anchor", async (t) => {
    const { file } = await desk(t);
    const deployed = (more: object) => {
      writeFileSync(file("cdk.json"), JSON.stringify({ plane: { ...STACK, ...more } }));
      return readDeployment(IO, file("cdk.json"));
    };
    assert.throws(() => anchorKeys(deployed({}), undefined), /not at hand.*--anchor-key FILE/);
    assert.throws(() => deployed({ AnchorKeys: "not JSON" }), /anchorKeys/);
    assert.throws(() => anchorKeys(deployed({ AnchorKeys: "[7]" }), undefined), /anchorKeys/);
    const secret = { ...KEYS.anchor.jwk, d: "nobody's business" };
    const [key] = anchorKeys(deployed({ AnchorKeys: JSON.stringify([secret]) }), undefined);
    assert.deepEqual(key, KEYS.anchor.jwk);
    const { anchor } = fromCdkOutputs({ plane: { ...STACK, Anchor: "" } }) as { anchor?: string };
    assert.equal(anchor, undefined);
  });

  test("VAI-24 a key file that is not the deployment's anchor does not stand for it", async (t) => {
    const { file } = await desk(t);
    const { thumbprint: anchor } = KEYS.anchor;
    const outputs = JSON.parse(readFileSync(file("outputs.json"), "utf8"));
    const keys = { anchor: file("agent.json") };
    writeFileSync(file("own.json"), JSON.stringify({ ...outputs, anchor, keys }));
    const deployment = readDeployment(IO, file("own.json"));
    const found = anchorKeys(deployment, undefined);
    assert.deepEqual(found, [KEYS.agent.jwk]);
    assert.deepEqual(pinnedBy(deployment, undefined, found), [anchor]);
  });
});

describe("vai export", () => {
  test("VAI-24 what nobody could verify is not exported, nor is anything over another folder: both exit 2", async (t) => {
    const { file, folder, vai } = await desk(t);
    const keyless = await vai(["export", file("evidence")]);
    assert.deepEqual([keyless.code, keyless.out], [2, ""]);
    assert.match(keyless.err, /--anchor-key FILE/);
    assert.equal(existsSync(file("evidence")), false);
    const taken = await vai(["export", folder, "--anchor-key", file("agent.json")]);
    assert.equal(taken.code, 2);
    assert.match(taken.err, /not an empty folder/);
  });

  for (const start of ["-V", "-h", "--"]) {
    test(`VAI-24 a thumbprint that begins with ${start} is an anchor, and never an option of the program`, async (t) => {
      const { vai, file } = await desk(t);
      const anchor = start.padEnd(43, "A");
      const { code, out } = await vai(["verify", "--anchor", anchor, file("nothing")]);
      assert.notEqual(code, 0);
      assert.doesNotMatch(out, /^\d+\.\d+\.\d+|Usage/);
    });
  }
});
