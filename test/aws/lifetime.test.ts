import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { issueDependencies } from "../../lib/aws/function/dependencies.ts";
import { serveEvent } from "../../lib/aws/function/entry.ts";
import { unending } from "../../lib/aws/ports/lifetime.ts";
import { ENV } from "../../lib/config.ts";
import { refusedAnswer } from "../../lib/enforcement/answer.ts";
import { IssuedSession } from "../../lib/issuance/session.ts";
import { refuse } from "../../lib/refusal.ts";
import { REPOSITORY_ROOT } from "../../localstack/machine/paths.ts";
import { KEYS } from "../support/keys.ts";

suite("VAI-103 the end of the invocation reaches every client of a function", () => {
  test("VAI-103 an event says when the process ends", async () => {
    const lifetime = unending();
    const context = { awsRequestId: "r", getRemainingTimeInMillis: () => 30_000 };
    const telemetry = { clock: () => 1_000, log: () => undefined };
    let seen = 0;
    const handle = async () => {
      seen = lifetime.end;
      return refusedAnswer({ stage: "parse", refusal: refuse("REQUEST_MALFORMED", "no") });
    };
    await serveEvent({}, context, telemetry, handle, lifetime);
    assert.equal(seen, 31_000);
  });

  test("VAI-103 at its end no port asks anybody", async (t) => {
    // The SDK finds the function's own credentials in its process's environment.
    const own = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b", AWS_SESSION_TOKEN: "c" };
    const before = { ...process.env };
    Object.assign(process.env, own);
    t.after(() => {
      for (const name of Object.keys(own)) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    });
    const deps = issueDependencies(
      "issue",
      {
        ...Object.fromEntries(Object.values(ENV).map((name) => [name, "x"])),
        [ENV.plane]: "vai:111122223333:us-east-1:example",
        [ENV.anchors]: JSON.stringify([KEYS.anchor.jwk]),
        [ENV.targets]: "{}",
        [ENV.targetKeys]: "{}",
        [ENV.scopedCredentials]: "true",
        AWS_ENDPOINT_URL: "http://127.0.0.1:1",
      },
      { end: 0 },
    );
    const asked: readonly (() => Promise<unknown>)[] = [
      () => deps.signer.sign(new Uint8Array(32)),
      () => deps.planeSigner.sign(new Uint8Array(32)),
      () => deps.evidence.readRows("intent/x"),
      () => deps.registry.readHeads({ known: 0 }),
      () => deps.counter.count("scope", 1, 1),
    ];
    for (const ask of asked) {
      await assert.rejects(ask, ({ message }: Error) => /FunctionEnds/.test(message));
    }
    const role = { RoleArn: "arn:aws:iam::000000000000:role/exec", RoleSessionName: "vai-0" };
    const session = {
      ...role,
      SourceIdentity: "vai-0",
      DurationSeconds: 900,
      Policy: "{}",
      Tags: [],
    };
    await assert.rejects(deps.assumeRole(session), ({ message }: Error) =>
      /FunctionEnds/.test(message),
    );
    const held = new IssuedSession(
      { accessKeyId: "ASIAX", secretAccessKey: "x", sessionToken: "x" },
      "2026-05-05T04:15:00.000Z",
    );
    const wanted = { Policy: "{}", ScopedSessionDescription: "vai-0" };
    await assert.rejects(
      async () => deps.cutSession?.(held, wanted),
      ({ message }: Error) => /FunctionEnds/.test(message),
    );
  });

  test("VAI-103 each function gives one lifetime to its clients and to whoever reads the event", () => {
    for (const name of ["issue", "execute", "govern"]) {
      const source = readFileSync(join(REPOSITORY_ROOT, "lambdas", `${name}.ts`), "utf8");
      assert.match(source, /Dependencies\("\w+", process\.env, lifetime\)/, name);
      assert.match(source, /deps, invocation\),\s+lifetime,\s+\)/, name);
    }
  });
});
