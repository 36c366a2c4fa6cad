import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { childEnvironment } from "../../lib/cli/child.ts";
import { STARTED_BY_VAI } from "../../lib/cli/io.ts";
import { toInstant } from "../../lib/clock.ts";
import type { Mutation } from "../support/governed.ts";
import { START } from "../support/world.ts";
import { type Desk, desk } from "./support/plane-endpoint.ts";

/** A contract for credentials of one table, with as many issuances. */
const direct = (calls: number, change: Readonly<Record<string, unknown>> = {}): Mutation => ({
  base: "item",
  contract: {
    set: {
      "/deliveries": ["credentials"],
      "/authorization_details/0/parameters": "unbounded",
      "/authorization_details/0/limits": { calls },
      ...change,
    },
  },
});

const MEMBERS = ["Version", "AccessKeyId", "SecretAccessKey", "SessionToken"];
const ask = (table: Desk, mutation: Mutation, ...args: string[]) =>
  table.vai(["credentials", table.contract("held.json", mutation), ...args]);

describe("vai credentials", () => {
  test("VAI-44 X-01 speaks the credential_process protocol: one JSON document on stdout and nothing else", async (t) => {
    const table = await desk(t);
    const { code, out, err } = await ask(table, direct(1));
    assert.equal(code, 0, err);
    assert.equal(err, "");
    const given = JSON.parse(out);
    assert.deepEqual(Object.keys(given), MEMBERS);
    const [session] = table.plane.sts.executions;
    assert.deepEqual(
      [given.Version, given.SecretAccessKey],
      [1, `cut secret of ${session?.RoleSessionName}`],
    );
    assert.equal(table.plane.targets.calls.length, 0, "the plane itself calls nothing");
  });

  test("VAI-44 Expiration is the earlier of the contract's end and the session's; only a step with further calls names it", async (t) => {
    const table = await desk(t);
    const ends = (seconds: number) => direct(2, { "/exp": Math.floor(START / 1000) + seconds });
    const short = JSON.parse((await ask(table, ends(120))).out);
    assert.deepEqual(Object.keys(short), [...MEMBERS, "Expiration"]);
    // STS takes whole seconds, so that what it cuts ends at most one before the contract.
    const end = (Math.floor(START / 1000) + 120) * 1000;
    const whole = Math.floor((end - START) / 1000) * 1000;
    assert.equal(short.Expiration, toInstant(START + whole));
    const once = JSON.parse((await ask(table, direct(2), "--once")).out);
    assert.deepEqual(Object.keys(once), MEMBERS);
  });

  test("VAI-44 each run is one issuance; when they are used up the reason is on stderr, and stdout is empty", async (t) => {
    const table = await desk(t);
    const held = table.contract("held.json", direct(2));
    const runs = [1, 2, 3].map(() => ["credentials", held]);
    const ran = [];
    for (const args of runs) ran.push(await table.vai(args));
    assert.deepEqual(
      ran.map(({ code }) => code),
      [0, 0, 1],
    );
    assert.equal(ran[2]?.out, "");
    assert.match(
      ran[2]?.err ?? "",
      /CONTRACT_CONSUMED[\s\S]*one issuance; step set allows 2[\s\S]*--once/,
    );
    assert.equal(table.plane.sts.executions.length, 2);
  });

  test("VAI-44 the advice for SDKs that come back is not given about a program after --", async (t) => {
    const table = await desk(t);
    const held = table.contract("held.json", direct(2));
    const args = ["credentials", held, "--", process.execPath, "-e", ""];
    for (const _use of [1, 2]) assert.equal((await table.vai(args)).code, 0);
    const { code, err } = await table.vai(args);
    assert.equal(code, 1);
    assert.match(err, /CONTRACT_CONSUMED/);
    assert.doesNotMatch(err, /boto3/);
  });

  test("USR-11 --json is accepted here too, and changes nothing", async (t) => {
    const { code, out } = await ask(await desk(t), direct(1), "--json");
    assert.equal(code, 0);
    assert.deepEqual(Object.keys(JSON.parse(out)), MEMBERS);
  });

  test("VAI-44 a caller's profile that runs vai itself is named, and so is this reason", async (t) => {
    const table = await desk(t);
    const held = table.contract("held.json", direct(1));
    const main = join(import.meta.dirname, "../../lib/cli/main.js");
    const itself = `${process.execPath} ${main} credentials ${held} --caller-profile loop`;
    writeFileSync(table.file("config"), `[profile loop]\ncredential_process = ${itself}\n`);
    const args = [main, "credentials", held, "--caller-profile", "loop"];
    const env = {
      PATH: process.execPath,
      AWS_CONFIG_FILE: table.file("config"),
      AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
      VAI_OUTPUTS: table.file("outputs.json"),
    };
    const ended = spawnSync(process.execPath, args, { env, encoding: "utf8" });
    assert.deepEqual([ended.status, ended.stdout], [2, ""], ended.stderr);
    assert.match(
      ended.stderr,
      /the profile loop gives no AWS credentials.*runs vai itself, vai stopped that/,
    );
  });

  test("VAI-44 a contract that does not list the delivery is refused, with the code", async (t) => {
    const table = await desk(t);
    const { code, out, err } = await ask(table, { base: "item" });
    assert.deepEqual([code, out], [1, ""]);
    assert.match(err, /DIRECT_MODE_FORBIDDEN/);
  });

  test("USR-16 secrets are not printed to a terminal unless that is wanted, and then nothing was asked", async (t) => {
    const table = await desk(t);
    const held = table.contract("held.json", direct(1));
    const screen = { isTerminal: true, environment: { VAI_OUTPUTS: table.file("outputs.json") } };
    const refused = await table.vai(["credentials", held], screen);
    assert.deepEqual([refused.code, refused.out], [2, ""]);
    assert.match(refused.err, /prints secrets/);
    assert.equal(table.plane.sts.executions.length, 0);
    assert.equal((await table.vai(["credentials", held, "--force"], screen)).code, 0);
  });

  test("X-01 nothing of the session or of the key that opened it is left in a file", async (t) => {
    const table = await desk(t);
    const { out } = await ask(table, direct(1));
    const files = readdirSync(table.folder);
    assert.deepEqual(files.sort(), ["agent.json", "held.json", "outputs.json"]);
    const { SecretAccessKey, SessionToken } = JSON.parse(out);
    for (const name of files) {
      const text = readFileSync(table.file(name), "utf8");
      assert.ok(!text.includes(SecretAccessKey) && !text.includes(SessionToken), name);
    }
  });

  test("VAI-44 a program gets the session in its environment alone, and its exit code is the command's", async (t) => {
    const table = await desk(t);
    const told = table.file("told.json");
    const program = `require("fs").writeFileSync(${JSON.stringify(told)}, JSON.stringify(process.env)); process.exit(7)`;
    const environment = {
      VAI_OUTPUTS: table.file("outputs.json"),
      AWS_PROFILE: "somebody",
      AWS_ACCESS_KEY_ID: "AKIASOMEBODY",
      AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://127.0.0.1:1/",
    };
    const held = table.contract("held.json", direct(1));
    const args = ["credentials", held, "--", process.execPath, "-e", program];
    const { code, out } = await table.vai(args, { environment, isTerminal: true });
    assert.deepEqual([code, out], [7, ""]);
    const given = JSON.parse(readFileSync(told, "utf8"));
    assert.equal(
      given.AWS_SECRET_ACCESS_KEY,
      `cut secret of ${table.plane.sts.executions[0]?.RoleSessionName}`,
    );
    assert.ok(!("AWS_PROFILE" in given) && !("AWS_CONTAINER_CREDENTIALS_FULL_URI" in given));
  });

  test("VAI-44 a program that is not there is named before a use is spent on it", async (t) => {
    const table = await desk(t);
    const { code, err } = await ask(table, direct(1), "--", table.file("nothing-here"));
    assert.equal(code, 2);
    assert.match(err, /nothing-here cannot be started/);
    assert.equal(table.plane.sts.executions.length, 0);
  });

  test("VAI-44 a program that a signal ends gives 128 and the signal's number, as a shell would", async (t) => {
    const table = await desk(t);
    const program = "process.kill(process.pid, 'SIGKILL')";
    const { code } = await ask(table, direct(1), "--", process.execPath, "-e", program);
    assert.equal(code, 128 + 9);
  });

  test("VAI-44 a profile that would call itself for its own credentials stops at once", async (t) => {
    const table = await desk(t);
    const held = table.contract("held.json", direct(1));
    const environment = { VAI_OUTPUTS: table.file("outputs.json"), [STARTED_BY_VAI]: "1" };
    const { code, out, err } = await table.vai(["credentials", held], { environment });
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, /--caller-profile/);
    assert.equal(table.plane.sts.executions.length, 0);
  });
});

test("X-01 a program under a contract finds no other AWS identity to become, and keeps the rest of its environment", () => {
  const session = {
    accessKeyId: "ASIA",
    secretAccessKey: "s",
    sessionToken: "t",
    expiration: new Date(0),
  };
  const identity = {
    AWS_PROFILE: "x",
    AWS_DEFAULT_PROFILE: "x",
    AWS_SECURITY_TOKEN: "x",
    AWS_ROLE_ARN: "x",
    AWS_WEB_IDENTITY_TOKEN_FILE: "x",
    AWS_CONTAINER_AUTHORIZATION_TOKEN: "x",
    AWS_CREDENTIAL_EXPIRATION: "x",
    aws_session_token: "x",
  };
  const kept = {
    PATH: "/bin",
    AWS_CA_BUNDLE: "/ca.pem",
    AWS_ENDPOINT_URL_S3: "http://127.0.0.1:2",
  };
  const given = childEnvironment(
    { ...identity, ...kept, ABSENT: undefined },
    { region: "eu-west-1" },
    session,
  );
  assert.deepEqual(given, {
    ...kept,
    AWS_ACCESS_KEY_ID: "ASIA",
    AWS_SECRET_ACCESS_KEY: "s",
    AWS_SESSION_TOKEN: "t",
    AWS_CREDENTIAL_EXPIRATION: "1970-01-01T00:00:00.000Z",
    AWS_REGION: "eu-west-1",
    AWS_DEFAULT_REGION: "eu-west-1",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
  });
});
