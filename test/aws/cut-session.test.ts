import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { suite, type TestContext, test } from "node:test";
import { issueDependencies } from "../../lib/aws/function/dependencies.ts";
import { ENV } from "../../lib/config.ts";
import type { IssueDeps } from "../../lib/enforcement/deps.ts";
import { IssuedSession } from "../../lib/issuance/session.ts";
import { KEYS } from "../support/keys.ts";

const functionWith = (scopedCredentials: string, endpoint = "http://127.0.0.1:1"): IssueDeps =>
  issueDependencies("issue", {
    ...Object.fromEntries(Object.values(ENV).map((name) => [name, "x"])),
    [ENV.plane]: "vai:111122223333:us-east-1:example",
    [ENV.anchors]: JSON.stringify([KEYS.anchor.jwk]),
    [ENV.targets]: "{}",
    [ENV.targetKeys]: "{}",
    [ENV.scopedCredentials]: scopedCredentials,
    AWS_ENDPOINT_URL: endpoint,
  });

/** An STS that answers nothing and keeps the headers that it was asked with. */
async function listening(t: TestContext) {
  const asked: IncomingMessage["headers"][] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers);
    response.writeHead(500).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { asked, endpoint: `http://127.0.0.1:${port}` };
}

suite("the cut of what a function delivers", () => {
  test("X-01 a function whose deployment says that STS cannot cut has no cut, and one that says nothing does not begin", () => {
    assert.equal(functionWith("false").cutSession, undefined);
    assert.notEqual(functionWith("true").cutSession, undefined);
    assert.throws(() => functionWith("no"), /is not true or false/);
  });

  test("VAI-116 VAI-100 it is asked for once, by the session that is cut and nobody else", async (t) => {
    const { asked, endpoint } = await listening(t);
    const held = new IssuedSession(
      { accessKeyId: "ASIAHELD", secretAccessKey: "held", sessionToken: "held token" },
      "2026-05-05T04:15:00.000Z",
    );
    const wanted = { Policy: "{}", DurationSeconds: 20, ScopedSessionDescription: "vai-0" };
    const { cutSession } = functionWith("true", endpoint);
    await assert.rejects(async () => cutSession?.(held, wanted), { code: "STS_FAILED" });
    assert.equal(asked.length, 1);
    assert.match(String(asked[0]?.authorization), / Credential=ASIAHELD\/\d{8}\/us-east-1\/sts\//);
    assert.equal(asked[0]?.["x-amz-security-token"], "held token");
  });
});
