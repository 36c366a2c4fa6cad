import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { callProblem } from "../../lib/aws/people/call-problem.ts";
import { EXIT } from "../../lib/cli/io.ts";
import { Fault } from "../../lib/refusal.ts";
import { type Desk, desk, type Ran } from "./support/plane-endpoint.ts";

/** An AWS that answers every call with one error. @returns its endpoint. */
async function answering(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const failing =
  (name: string, status: number, Message: string): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { "content-type": "application/json", "x-amzn-errortype": name });
    response.end(JSON.stringify({ Message, message: Message }));
  };

/** Sends an event to a deployment at another endpoint. */
function send({ file, vai }: Desk, endpoint: string | undefined, environment = {}): Promise<Ran> {
  const { credentials, ...known } = JSON.parse(readFileSync(file("outputs.json"), "utf8"));
  const users = endpoint === undefined ? {} : { credentials, endpoint };
  const { endpoint: _own, ...rest } = known;
  writeFileSync(file("other.json"), JSON.stringify({ ...rest, ...users }));
  writeFileSync(file("event.json"), "{}");
  const args = ["issue", file("event.json"), "--event", "--outputs", file("other.json")];
  return vai(args, { environment });
}

const DENIED =
  "User: arn:aws:iam::000000000000:user/auditor is not authorized to perform: lambda:InvokeFunction";

/** What AWS answers, how the command ends, and what it must say. */
const ANSWERS: readonly (readonly [name: string, status: number, exit: number, says: RegExp])[] = [
  ["InvalidSignatureException", 403, EXIT.no, /key, secret or clock are wrong/],
  ["UnrecognizedClientException", 403, EXIT.no, /key, secret or clock are wrong/],
  ["ExpiredTokenException", 403, EXIT.no, /key, secret or clock are wrong/],
  ["AccessDeniedException", 403, EXIT.no, /: User: arn:aws:iam::000000000000:user\/auditor is not/],
  ["ResourceNotFoundException", 404, EXIT.no, /region \(us-east-1\) and name/],
  ["TooManyRequestsException", 429, EXIT.unreachable, /ask again for the same/],
  ["ServiceException", 500, EXIT.unreachable, /ask again for the same/],
  ["InvalidRequestContentException", 400, EXIT.no, /nothing was done/],
];

describe("a call that AWS does not answer as it should", () => {
  for (const [name, status, exit, says] of ANSWERS) {
    test(`USR-11 ${name} ends with ${exit}, and names endpoint, identity and answer`, async (t) => {
      const endpoint = await answering(t, failing(name, status, DENIED));
      const { code, out, err } = await send(await desk(t), endpoint);
      assert.deepEqual([code, out], [exit, ""], err);
      const where = `vai: invoking plane-issue at ${endpoint} (region us-east-1) as access key ****MPLE of the outputs file: AWS answered ${name} (HTTP ${status})`;
      assert.ok(err.startsWith(where), err);
      assert.match(err, says);
      assert.doesNotMatch(err, /AKIAEXAMPLE|of the caller|local:status/);
    });
  }

  test("USR-11 a port where nobody listens is unreachable, and named by what the system said", async (t) => {
    const { code, err } = await send(await desk(t), "http://127.0.0.1:9");
    assert.equal(code, EXIT.unreachable);
    assert.match(err, /127\.0\.0\.1:9 .*nobody answers \(ECONNREFUSED\).*npm run local:status/);
  });

  test("USR-11 a page where AWS should be is not taken for AWS", async (t) => {
    const endpoint = await answering(t, (_request, response) => {
      response.writeHead(502, { "content-type": "text/html" });
      response.end("<html>Bad gateway</html>");
    });
    const { code, err } = await send(await desk(t), endpoint);
    assert.equal(code, EXIT.unreachable, err);
    assert.match(err, /what answers there is not AWS \(HTTP 502\)/);
  });

  test("USR-16 what AWS says of a signature quotes a session's token, and is not printed", async (t) => {
    const quoted = "The canonical string should have been x-amz-security-token:SESSIONTOKEN";
    const endpoint = await answering(t, failing("InvalidSignatureException", 403, quoted));
    const { err } = await send(await desk(t), endpoint);
    assert.doesNotMatch(err, /SESSIONTOKEN|canonical/);
  });

  test("USR-11 without credentials that is what is said, and not that something is down", async (t) => {
    const saved = { ...process.env };
    t.after(() => Object.assign(process.env, saved));
    for (const name of Object.keys(process.env)) if (/^AWS_/.test(name)) delete process.env[name];
    const none = { AWS_CONFIG_FILE: "/dev/null", AWS_SHARED_CREDENTIALS_FILE: "/dev/null" };
    Object.assign(process.env, none, { AWS_EC2_METADATA_DISABLED: "true" });
    const table = await desk(t);
    const { code, err } = await send(table, undefined);
    assert.equal(code, EXIT.unreadable, err);
    assert.match(err, /at AWS in us-east-1 as whom the AWS SDK finds here: there are no AWS cred/);
    const named = await table.vai(["status", "--profile", "nobody"]);
    assert.equal(named.code, EXIT.unreadable, named.err);
    assert.match(named.err, /is there a profile nobody, and are you signed in .*list-profiles/);
  });

  test("USR-11 who calls by the environment is named by the profile, else by the end of the key's id", async (t) => {
    const saved = { ...process.env };
    t.after(() => {
      for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"]) {
        delete process.env[name];
      }
      Object.assign(process.env, saved);
    });
    const endpoint = await answering(t, failing("AccessDeniedException", 403, DENIED));
    const keys = { AWS_ACCESS_KEY_ID: "AKIAOFTHEENVIRONMENT", AWS_SECRET_ACCESS_KEY: "hidden" };
    const environment = { ...keys, AWS_ENDPOINT_URL: endpoint };
    Object.assign(process.env, environment);
    const table = await desk(t);
    const byKey = await send(table, undefined, environment);
    assert.match(byKey.err, /as access key \*\*\*\*MENT of the environment: AWS answered/);
    const byProfile = await send(table, undefined, { ...environment, AWS_PROFILE: "ops" });
    assert.match(byProfile.err, /as profile ops: AWS answered/);
    assert.doesNotMatch(byKey.err + byProfile.err, /hidden|AKIAOF/);
  });
});

describe("what became of a call", () => {
  test("USR-11 a fault is sorted by the error that caused it; what is no call's is none", () => {
    const cause = Object.assign(new Error("x"), {
      ...{ name: "NoSuchBucket", $metadata: { httpStatusCode: 404 } },
    });
    const fault = new Fault("DEPENDENCY_UNAVAILABLE", "x", new Error("between", { cause }));
    assert.equal(callProblem(fault)?.kind, "absent");
    assert.equal(callProblem(new Fault("DEPENDENCY_UNAVAILABLE", "x")), undefined);
    assert.equal(callProblem(new TypeError("a fault of ours")), undefined);
    const misuse = Object.assign(new Error("x"), { code: "ERR_INVALID_ARG_TYPE" });
    assert.equal(callProblem(misuse), undefined);
    const tls = Object.assign(new Error("x"), { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
    assert.equal(callProblem(tls)?.kind, "unreachable");
  });
});
