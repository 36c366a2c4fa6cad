import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { type CutLook, readCut } from "../../lib/aws/inspect/cut.ts";

const refusing = (Code: string, status = 400) => ({
  status,
  body: `<ErrorResponse><Error><Type>Sender</Type><Code>${Code}</Code><Message>no</Message></Error></ErrorResponse>`,
});
const CUT = {
  status: 200,
  body: `<GetScopedCredentialsResponse><GetScopedCredentialsResult><Credentials><AccessKeyId>ASIACUT</AccessKeyId><SecretAccessKey>cut</SecretAccessKey><SessionToken>cut</SessionToken><Expiration>2026-05-05T04:15:00Z</Expiration></Credentials></GetScopedCredentialsResult></GetScopedCredentialsResponse>`,
};
type Said = typeof CUT;

/** STS that says so in this order; who asked for what is noted. */
async function sts(t: TestContext, ...answers: readonly Said[]) {
  const asked: { key: string | undefined; body: string }[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    const key = /Credential=([^/]+)/.exec(request.headers.authorization ?? "")?.[1];
    const { status, body: text } = answers[asked.length] ?? refusing("TooMuch");
    asked.push({ key, body });
    response.writeHead(status, { "content-type": "text/xml" }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const place = {
    ...{ region: "us-east-1", credentials: { accessKeyId: "AKIALOOKS", secretAccessKey: "s" } },
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  };
  return { look: () => readCut(place), asked };
}

const INVALID = refusing("ValidationError");
const LOOKS: Readonly<Record<string, readonly [answers: readonly Said[], seen: CutLook]>> = {
  "does not know the call": [[refusing("InvalidAction")], { isKnown: false }],
  "refuses a caller that may not": [
    [refusing("AccessDenied", 403), refusing("AccessDenied", 403)],
    { isKnown: true },
  ],
  "refuses a caller that is no session": [[INVALID, INVALID], { isKnown: true }],
  "hears a denial": [
    [INVALID, CUT, refusing("AccessDenied", 403)],
    { isKnown: true, isDenialHeard: true },
  ],
  "hears none": [[INVALID, CUT, CUT], { isKnown: true, isDenialHeard: false }],
  "says something else of the denial": [
    [INVALID, CUT, refusing("ExpiredToken", 403)],
    { isKnown: true },
  ],
};
for (const [what, [answers, seen]] of Object.entries(LOOKS)) {
  test(`USR-12 an STS that ${what}: ${JSON.stringify(seen)}`, async (t) => {
    const { look, asked } = await sts(t, ...answers);
    assert.deepEqual(await look(), seen);
    assert.equal(asked.length, answers.length);
    // The first asks for nothing, so that nobody gives it.
    assert.doesNotMatch(asked[0]?.body ?? "", /Policy|DurationSeconds/);
    for (const { body } of asked.slice(1))
      assert.match(body, /Deny/, "credentials by which nothing is allowed");
    assert.deepEqual(
      asked.map(({ key }) => key),
      ["AKIALOOKS", "AKIALOOKS", "ASIACUT"].slice(0, asked.length),
    );
  });
}
