import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { STSClient } from "@aws-sdk/client-sts";
import { askIamBy } from "../../lib/aws/ports/probe.ts";
import { onlyMembers } from "../support/memory-dynamo.ts";

/** One probe: which answers of STS are a denial, and which say nothing (PROTOCOL.md §10, point `session`). */

const ROLE = "arn:aws:iam::111122223333:role/vai-example-exec-s3";
const SESSION = `vai-${"0".repeat(26)}`;

interface Sent {
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly as: string;
}

const CREDENTIALS = {
  ...{ AccessKeyId: "ASIAPROBE", SecretAccessKey: "s", SessionToken: "t" },
  Expiration: new Date(1_777_953_600_000),
};

/** STS at which a call ends as said: with an answer, or an error of that name. */
function stsWith(ends: { readonly assume?: string | object; readonly narrow?: string }) {
  const sent: Sent[] = [];
  const clientOf = (as: string): STSClient =>
    onlyMembers<STSClient>("STSClient", {
      send: async (command: { input: Sent["input"]; constructor: { name: string } }) => {
        const { name } = command.constructor;
        sent.push({ name, input: command.input, as });
        const end =
          name === "AssumeRoleCommand"
            ? (ends.assume ?? { Credentials: CREDENTIALS })
            : ends.narrow;
        if (typeof end === "string") throw Object.assign(new Error(end), { name: end });
        return end ?? {};
      },
    });
  const ask = askIamBy(clientOf("the function"), ({ accessKeyId }) => clientOf(accessKeyId));
  return { sent, ask };
}

suite("one probe", () => {
  test("VAI-115 it is a session of the role with the tag of the one asked about, which may ask one thing, and asks it", async () => {
    const { sent, ask } = stsWith({});
    assert.equal(await ask(ROLE, SESSION), "allowed");
    const [assumed, asked] = sent;
    assert.deepEqual(assumed?.input, {
      ...{ RoleArn: ROLE, RoleSessionName: "vai-probe", SourceIdentity: "vai-probe" },
      DurationSeconds: 900,
      Policy:
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:GetScopedCredentials","Resource":"*"}]}',
      Tags: [
        { Key: "vai-identity", Value: SESSION },
        { Key: "vai-probe", Value: "true" },
      ],
    });
    assert.equal(assumed?.as, "the function");
    assert.deepEqual([asked?.name, asked?.as], ["GetScopedCredentialsCommand", "ASIAPROBE"]);
    assert.deepEqual(asked?.input, {
      Policy:
        '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}',
      DurationSeconds: 1,
    });
  });

  for (const name of ["AccessDenied", "AccessDeniedException"]) {
    test(`VAI-115 ${name} of its question is a denial`, async () => {
      assert.equal(await stsWith({ narrow: name }).ask(ROLE, SESSION), "denied");
    });
  }

  for (const name of [
    ...["ValidationError", "MalformedPolicyDocument", "PackedPolicyTooLarge", "InvalidAction"],
    ...["InsufficientSessionLifetime", "ExpiredToken", "InvalidClientTokenId", "RegionDisabled"],
    ...["Throttling", "TimeoutError", "InternalFailure", "SignatureDoesNotMatch"],
  ]) {
    test(`VAI-115 ${name} of its question is none: nobody knows`, async () => {
      assert.equal(await stsWith({ narrow: name }).ask(ROLE, SESSION), "unknown");
    });
  }

  for (const assume of ["AccessDenied", "Throttling", {}]) {
    test(`VAI-115 a session that STS does not give says nothing: ${JSON.stringify(assume)}`, async () => {
      const { sent, ask } = stsWith({ assume });
      assert.equal(await ask(ROLE, SESSION), "unknown");
      assert.equal(sent.length, 1);
    });
  }
});
