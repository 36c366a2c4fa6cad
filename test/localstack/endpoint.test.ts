import assert from "node:assert/strict";
import { dirname } from "node:path";
import { test } from "node:test";
import { namedEndpoint } from "../../localstack/machine/endpoint.ts";
import { cleanEnvironment, withoutAws } from "../../localstack/machine/environment.ts";
import { isLoopback } from "../../localstack/machine/loopback.ts";
import { fromRoot, REPOSITORY_ROOT, stateFolder } from "../../localstack/machine/paths.ts";
import { temporaryFolder } from "./support/temporary.ts";

test("an endpoint that is named must be this machine, unless remote is allowed", () => {
  assert.equal(namedEndpoint({}), undefined);
  assert.equal(namedEndpoint({ AWS_ENDPOINT_URL: "" }), undefined);
  for (const host of ["127.0.0.1:4566", "localhost:4566", "[::1]:4566", "127.8.8.8"]) {
    assert.equal(namedEndpoint({ AWS_ENDPOINT_URL: `http://${host}/` }), `http://${host}`);
  }
  for (const host of ["10.0.0.7:4566", "sts.amazonaws.com", "127.0.0.1.example.org", "0.0.0.0"]) {
    const environment = { AWS_ENDPOINT_URL: `https://${host}` };
    assert.throws(() => namedEndpoint(environment), /not this machine.*VAI_ALLOW_REMOTE=1/, host);
    assert.equal(namedEndpoint({ ...environment, VAI_ALLOW_REMOTE: "1" }), `https://${host}`);
  }
  for (const bad of ["4566", "ftp://localhost", "not a url"]) {
    assert.throws(() => namedEndpoint({ AWS_ENDPOINT_URL: bad }), /not an http or https URL/, bad);
  }
});

test("loopback is an address, not whatever a name resolves to", () => {
  for (const host of ["127.0.0.1", "127.255.0.1", "::1", "[::1]", "localhost", "x.localhost"]) {
    assert.ok(isLoopback(host), host);
  }
  for (const host of [
    "0.0.0.0",
    "::",
    "128.0.0.1",
    "localhost.example.org",
    "::ffff:127.0.0.1",
    "",
  ]) {
    assert.ok(!isLoopback(host), host);
  }
});

test("a child gets nothing of the person's AWS configuration, and the running Node first", (t) => {
  const before = { ...process.env };
  t.after(() => {
    process.env = before;
  });
  process.env["AWS_PROFILE"] = "production";
  process.env["AWS_ACCESS_KEY_ID"] = "AKIAREAL";
  process.env["AWS_SESSION_TOKEN"] = "real";
  process.env["SECRET_OF_MINE"] = "x";
  const scratch = temporaryFolder(t);
  const environment = cleanEnvironment(scratch, { EXTRA: "1" });
  assert.ok(environment["PATH"]?.startsWith(dirname(process.execPath)));
  assert.equal(environment["AWS_CONFIG_FILE"], "/dev/null");
  assert.equal(environment["AWS_SHARED_CREDENTIALS_FILE"], "/dev/null");
  assert.equal(environment["EXTRA"], "1");
  for (const name of ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "SECRET_OF_MINE"]) {
    assert.equal(environment[name], undefined, name);
  }
  for (const name of ["HOME", "TMPDIR"]) assert.ok(environment[name]?.startsWith(scratch), name);
  const rest = withoutAws(process.env);
  assert.equal(rest["AWS_PROFILE"], undefined);
  assert.equal(rest["SECRET_OF_MINE"], "x");
});

test("the state folder: argument, then VAI_STATE_DIR, then localstack/.state", (t) => {
  const before = process.env["VAI_STATE_DIR"];
  t.after(() => {
    if (before === undefined) delete process.env["VAI_STATE_DIR"];
    else process.env["VAI_STATE_DIR"] = before;
  });
  delete process.env["VAI_STATE_DIR"];
  assert.equal(fromRoot(stateFolder().outputs), "localstack/.state/outputs.json");
  process.env["VAI_STATE_DIR"] = "localstack/.state-x";
  assert.equal(fromRoot(stateFolder().folder), "localstack/.state-x");
  assert.equal(stateFolder("/elsewhere").outputs, "/elsewhere/outputs.json");
  assert.ok(stateFolder("relative").folder.startsWith(REPOSITORY_ROOT));
});
