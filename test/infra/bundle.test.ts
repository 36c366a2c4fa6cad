import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { before, suite, test } from "node:test";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { BUNDLE_OPTIONS, bundle } from "../../infra/bundle.ts";
import { BUNDLED, type BundleName } from "../../infra/functions.ts";
import { LICENCES } from "../../infra/licences.ts";
import { KEPT_ERRORS } from "../../infra/schemas.ts";
import { ENV } from "../../lib/config.ts";
import { KEYS } from "../support/keys.ts";
import { refusingEndpoint } from "./support/refusing-endpoint.ts";
import { errorsAt } from "./support/sdk-errors.ts";
import { temporaryFolder } from "./support/synthesise.ts";

const ROOT = join(import.meta.dirname, "../..");

/** What the stack tells a function; nothing answers at the endpoint. */
const ENVIRONMENT = {
  ...Object.fromEntries(Object.values(ENV).map((name) => [name, "vai-example-x"])),
  [ENV.plane]: "vai:111122223333:us-east-1:example",
  [ENV.anchors]: JSON.stringify([KEYS.anchor.jwk]),
  [ENV.targets]: "{}",
  [ENV.targetKeys]: "{}",
  [ENV.sweepFunction]: "sweep",
  [ENV.scopedCredentials]: "true",
  AWS_REGION: "us-east-1",
  AWS_ENDPOINT_URL: "http://127.0.0.1:1",
  AWS_ACCESS_KEY_ID: "a",
  AWS_SECRET_ACCESS_KEY: "s",
  AWS_SESSION_TOKEN: "t",
};

/** Services whose SDK client is in a bundle, by the names of its schemas. */
const CLIENTS: Readonly<Record<BundleName, readonly string[]>> = {
  issue: ["dynamodb", "ec2", "ecs", "eventbridge", "kms", "lambda", "s3", "ssm", "sts"],
  execute: ["dynamodb", "ec2", "ecs", "kms", "lambda", "s3", "ssm", "sts"],
  delegate: ["dynamodb", "ec2", "ecs", "kms", "lambda", "s3", "ssm"],
  // By the catalogue, which says what a contract that is bound may hold; its role may call none of the targets.
  govern: ["dynamodb", "ec2", "ecs", "eventbridge", "kms", "lambda", "s3", "ssm"],
  revoke: ["dynamodb", "iam", "kms", "lambda", "s3", "sts"],
  sweep: ["dynamodb", "ec2", "ecs", "iam", "kms", "lambda", "s3", "ssm", "sts"],
  watch: [],
};

/** Those that are loaded before any request is there. */
const AT_START: Readonly<Record<BundleName, readonly string[]>> = {
  issue: ["dynamodb", "kms", "sts"],
  execute: ["dynamodb", "kms", "sts"],
  delegate: ["dynamodb", "kms"],
  govern: ["dynamodb", "kms", "lambda"],
  revoke: ["dynamodb", "iam", "kms", "lambda", "sts"],
  sweep: ["dynamodb", "iam", "kms", "lambda", "sts"],
  watch: [],
};

const PERMISSIVE = /^(?:Apache-2\.0|MIT|MIT-0|ISC|BSD-2-Clause|BSD-3-Clause|0BSD)$/;

/** Imports a bundle in a new process, as Lambda does, and calls its handler with an event. */
function call(file: string, event: unknown) {
  const script = `
    const { registerHooks } = await import("node:module");
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    const { handler } = await import(${JSON.stringify(pathToFileURL(file).href)});
    const loadedAtStart = [...loaded];
    const context = { awsRequestId: "r", functionName: "vai-example-x", getRemainingTimeInMillis: () => 1500 };
    const answer = await handler(${JSON.stringify(event)}, context);
    process.stderr.write(JSON.stringify({ answer: answer ?? null, loadedAtStart }));
    process.exit(0);`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--input-type=module", "-e", script],
    { encoding: "utf8", env: ENVIRONMENT },
  );
  assert.equal(status, 0, stderr.slice(-2_000));
  const { answer, loadedAtStart } = JSON.parse(stderr);
  const files = (loadedAtStart as string[]).filter((url) => url.startsWith("file:"));
  return { answer, lines: stdout.trim().split("\n"), files: files.map((url) => new URL(url)) };
}

/** Services whose schemas are in files, sorted. */
function servicesIn(files: readonly (string | URL)[]): string[] {
  const found = files.flatMap((file) => [
    ...readFileSync(file, "utf8").matchAll(/"com\.amazonaws\.([a-z0-9]+)/g),
  ]);
  return [...new Set(found.map(([, service = ""]) => service))].sort();
}

suite("bundles", () => {
  const folder = temporaryFolder();
  const fileOf = (name: BundleName) => join(folder, name, "index.mjs");
  before(() => bundle(folder));

  for (const name of BUNDLED) {
    test(`USR-12 the bundle of ${name} starts alone and judges an event that is none`, (t) => {
      const { answer, lines, files } = call(fileOf(name), { nonsense: true });
      assert.equal(lines.length, 1);
      assert.deepEqual(servicesIn(files), AT_START[name]);
      const line = JSON.parse(lines[0] ?? "");
      if (name === "watch") {
        assert.equal(line.WatchUnreadable, 1);
      } else {
        assert.equal(answer.ok, false);
        // What sweep is sent is not read: here it finds nobody to ask.
        assert.equal(answer.failureDomain, name === "sweep" ? "platform" : "malformed");
        assert.equal(line.code, answer.code);
      }
      const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
      t.diagnostic(`${name}: ${Math.round(bytes / 1000)} KB at its start`);
    });

    test(`USR-12 the bundle of ${name} can call the services that it needs, and no other`, () => {
      const files = globSync("*.mjs", { cwd: join(folder, name) });
      assert.deepEqual(servicesIn(files.map((file) => join(folder, name, file))), CLIENTS[name]);
    });

    test(`USR-12 beside the bundle of ${name} are the licences of what is in it, all permissive`, () => {
      const text = readFileSync(join(folder, name, LICENCES), "utf8");
      const packages = [...text.matchAll(/^(@?[a-z0-9./-]+) \d[\w.-]* \((.+)\)$/gm)];
      assert.ok(packages.length > 3);
      for (const [line, , licence = ""] of packages) assert.match(licence, PERMISSIVE, line);
      const needText = packages.filter(([, , licence]) => licence !== "MIT-0");
      if (needText.length > 0) assert.match(text, /Permission is hereby granted|Apache License/);
    });
  }

  for (const name of BUNDLED) {
    test(`USR-12 no file of the bundle of ${name} is one that it can never load`, () => {
      const files = globSync("*.mjs", { cwd: join(folder, name) });
      const all = files.map((file) => readFileSync(join(folder, name, file), "utf8")).join("\n");
      for (const file of files)
        assert.ok(file === "index.mjs" || all.includes(`"./${file}"`), file);
    });
  }

  test("USR-12 an SDK error that no bundle has a class for keeps name, message and HTTP status", async () => {
    const outfile = join(temporaryFolder(), "errors.mjs");
    const entry = join(import.meta.dirname, "support/sdk-errors.ts");
    await build({ ...BUNDLE_OPTIONS, entryPoints: [entry], outfile });
    const bundled = (await import(pathToFileURL(outfile).href)) as {
      readonly errorsAt: typeof errorsAt;
    };
    const endpoint = await refusingEndpoint();
    try {
      const [seen, wanted] = [
        await bundled.errorsAt(endpoint.url),
        await errorsAt(endpoint.url),
      ] as const;
      const { sts, ...others } = seen;
      const { sts: wantedSts, ...wantedOthers } = wanted;
      assert.deepEqual(others, wantedOthers);
      assert.equal(others["transaction"]?.reasons?.length, 1);
      assert.equal(others["ssm"]?.name, "ParameterNotFound");
      // The one protocol whose classes are named otherwise than the errors; lib/aws/ports/sts.ts takes both.
      assert.equal(wantedSts?.name, "PackedPolicyTooLargeException");
      assert.equal(sts?.name, "PackedPolicyTooLarge");
      assert.equal(sts?.status, wantedSts?.status);
    } finally {
      endpoint.close();
    }
  });

  // AWS publishes a client when it changes, so that the newest ones differ in number; what they share must not.
  test("USR-12 of each package of the AWS SDK one version is installed, so that no bundle holds two cores", () => {
    const { packages }: { packages: Record<string, object> } = JSON.parse(
      readFileSync(join(ROOT, "package-lock.json"), "utf8"),
    );
    const names = Object.keys(packages).flatMap(
      (path) => /node_modules\/(@(?:aws-sdk|smithy)\/[^/]+)$/.exec(path)?.[1] ?? [],
    );
    assert.ok(names.includes("@aws-sdk/core"));
    assert.deepEqual(names.toSorted(), [...new Set(names)].toSorted());
  });

  test("USR-12 error classes of the SDK that our code names are in the bundles", () => {
    const files = globSync("lib/{aws,actions}/**/*.ts", { cwd: ROOT });
    const imported = files.flatMap((file) =>
      [
        ...readFileSync(join(ROOT, file), "utf8").matchAll(
          /^import \{([^}]*)\} from "@aws-sdk\/client-/gm,
        ),
      ].flatMap(([, names = ""]) =>
        names
          .split(",")
          .map((name) => name.trim())
          .filter((name) => /(?:Exception|Error|Fault|NotFound)$/.test(name)),
      ),
    );
    assert.deepEqual(new Set(imported), KEPT_ERRORS);
  });
});
