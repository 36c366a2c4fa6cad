import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { addStacks, newApp } from "../../infra/app.ts";
import { bundle } from "../../infra/bundle.ts";
import { BUNDLED } from "../../infra/functions.ts";
import { EXAMPLE, stubBundles, temporaryFolder } from "./support/synthesise.ts";

const ROOT = join(import.meta.dirname, "../..");

/** Runs the app as the CDK command does, with no account, no region, no network settings. */
function synthesise(deployment?: string, region?: string) {
  const outdir = temporaryFolder();
  const { status, stdout, stderr } = spawnSync(process.execPath, ["app.ts"], {
    cwd: join(ROOT, "infra"),
    encoding: "utf8",
    env: {
      PATH: process.env["PATH"],
      CDK_OUTDIR: outdir,
      ...(deployment === undefined ? {} : { VAI_DEPLOYMENT: deployment }),
      ...(region === undefined ? {} : { CDK_DEFAULT_REGION: region }),
    },
  });
  const manifest = join(outdir, "manifest.json");
  const artifacts = existsSync(manifest)
    ? Object.keys(JSON.parse(readFileSync(manifest, "utf8")).artifacts)
    : [];
  return {
    status,
    stdout,
    stderr,
    stacks: artifacts.filter((id) => /^vai-[^.]*$/.test(id)),
    outdir,
  };
}

function deploymentFile(value: unknown): string {
  const file = join(temporaryFolder(), "deployment.json");
  writeFileSync(file, JSON.stringify(value));
  return file;
}

suite("CDK app", () => {
  test("USR-12 synthesises the example without account, region or network, and says that it is one", () => {
    const { status, stdout, stderr, stacks, outdir } = synthesise();
    assert.equal(status, 0, stderr);
    assert.equal(stdout, "");
    assert.match(stderr, /WARNING synthesised from deployment\.example\.json/);
    assert.deepEqual(stacks, ["vai-example"]);
    const { artifacts } = JSON.parse(readFileSync(join(outdir, "manifest.json"), "utf8"));
    // Bound to an account that nobody has, so that `cdk deploy` without a file of one's own fails.
    assert.match(artifacts["vai-example"].environment, /^aws:\/\/111122223333\//);
    const assets = JSON.parse(readFileSync(join(outdir, "vai-example.assets.json"), "utf8"));
    const bundles = Object.values(assets.files as Record<string, { source: { path: string } }>)
      .map(({ source }) => join(outdir, source.path, "index.mjs"))
      .filter((file) => existsSync(file));
    assert.equal(bundles.length, BUNDLED.length);
    for (const file of bundles) assert.match(readFileSync(file, "utf8"), /createRequire/);
  });

  test("USR-12 an unchanged source gives the same bundles, so `cdk diff` has nothing to say", async () => {
    const folders = [temporaryFolder(), temporaryFolder()] as const;
    for (const folder of folders) await bundle(folder);
    for (const name of BUNDLED) {
      const [first, second] = folders.map((folder) =>
        readFileSync(join(folder, name, "index.mjs")),
      );
      assert.ok(first?.equals(second ?? Buffer.of()), name);
    }
  });

  test("USR-12 the samples are a stack of their own, on request", () => {
    const stacks = (samples: boolean) => {
      const app = newApp();
      addStacks(app, { ...EXAMPLE, name: "mine", samples }, stubBundles());
      return app.node.children.map(({ node }) => node.id).filter((id) => id.startsWith("vai-"));
    };
    assert.deepEqual(stacks(false), ["vai-mine"]);
    assert.deepEqual(stacks(true).sort(), ["vai-mine", "vai-mine-samples"]);
  });

  test("USR-12 says when the stack would go to another region than its targets", () => {
    const file = deploymentFile({ ...EXAMPLE, name: "mine" });
    assert.match(synthesise(file, "eu-west-1").stderr, /targets are in us-east-1.*eu-west-1/);
    const { status, stderr } = synthesise(file, "us-east-1");
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stderr, /the stack would go to|deployment\.example/);
  });

  test("USR-12 where the targets name no region, the CDK's decides about Function URLs", () => {
    const targets = { "s3:PutObject": ["arn:aws:s3:::settings-bucket/*"] };
    const file = deploymentFile({ ...EXAMPLE, name: "mine", targets });
    const urls = (region: string) => {
      const { outdir } = synthesise(file, region);
      const template = readFileSync(join(outdir, "vai-mine.template.json"), "utf8");
      return template.match(/"AWS::Lambda::Url"/g)?.length ?? 0;
    };
    assert.deepEqual(["eu-west-1", "eu-central-2"].map(urls), [3, 0]);
  });

  test("USR-12 a bad deployment file ends with exit code 1 and the reason, without a stack trace", () => {
    const { status, stderr, stacks } = synthesise(deploymentFile({ ...EXAMPLE, name: "NO" }));
    assert.equal(status, 1);
    assert.match(stderr, /\/name: must begin with a-z/);
    assert.doesNotMatch(stderr, /\n\s+at /);
    assert.deepEqual(stacks, []);
  });
});
