import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { FUNCTION_URL_REGIONS } from "../../infra/function-urls.ts";
import { ensureCfnLint } from "../../localstack/setup.ts";
import { exampleIn, PARTITIONS, type Partition } from "./support/partitions.ts";
import { everyStack, templateOf, temporaryFolder } from "./support/synthesise.ts";

const CONFIG = join(import.meta.dirname, "../../infra/cfn-lint/config.yaml");

/** What cfn-lint says of templates: `<file> <rule> <message>`. */
async function lint(files: readonly string[], options: readonly string[] = []): Promise<string[]> {
  const program = "from cfnlint.runner import main; main()";
  const settings = ["--format", "json", ...options];
  const { stdout, stderr } = spawnSync(
    await ensureCfnLint(),
    ["-I", "-c", program, ...settings, "-t", ...files],
    { encoding: "utf8", maxBuffer: 64 * 1024 * 1024, cwd: temporaryFolder() },
  );
  assert.equal(stderr, "");
  const found = JSON.parse(stdout) as {
    readonly Filename: string;
    readonly Rule: { readonly Id: string };
    readonly Message: string;
  }[];
  return found.map(({ Filename, Rule, Message }) => `${Filename} ${Rule.Id} ${Message}`);
}

/** What cfn-lint's own list does not have yet: an action that AWS announced on 19 November 2026 (AWS STS API reference). */
const YOUNG = /W3037 'getscopedcredentials' is not one of /;

/** Those of the configuration for people. */
const ignoredRules = (): string[] =>
  [...readFileSync(CONFIG, "utf8").matchAll(/^ {2}- ([EWI]\d{4})$/gm)].map(([, rule = ""]) => rule);

suite("cfn-lint", () => {
  test("USR-12 every stack's template is clean, but for rules that are ignored for a reason", async () => {
    const { directory } = everyStack().synth();
    const templates = readdirSync(directory).filter((name) => name.endsWith(".template.json"));
    assert.equal(templates.length, 3);
    const found = await lint(
      templates.map((name) => join(directory, name)),
      ["--regions", "us-east-1"],
    );
    const ignored = ignoredRules();
    assert.deepEqual(
      found.filter(
        (line) => !YOUNG.test(line) && !ignored.some((rule) => line.includes(` ${rule} `)),
      ),
      [],
    );
    assert.ok(
      found.some((line) => YOUNG.test(line)),
      "cfn-lint knows it by now: take YOUNG away",
    );
    for (const rule of ignored) {
      assert.ok(
        found.some((line) => line.includes(` ${rule} `)),
        `${rule} finds nothing any more`,
      );
    }
  });

  for (const [partition, region] of Object.entries(PARTITIONS)) {
    test(`USR-12 the plane's template is clean in ${partition}, of which cfn-lint knows ${region}`, async () => {
      const file = join(temporaryFolder(), "plane.template.json");
      const template = templateOf(exampleIn(partition as Partition)).toJSON();
      writeFileSync(file, JSON.stringify(template));
      const options = ["--regions", region, "--ignore-checks", ...ignoredRules()];
      const found = await lint([file], options);
      assert.deepEqual(
        found.filter((line) => !YOUNG.test(line)),
        [],
      );
    });
  }

  test("USR-12 CloudFormation has Function URLs in every region that the stack takes for one that has", async () => {
    const program = [
      "import json",
      "from cfnlint.helpers import REGIONS",
      "from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER as schemas",
      'print(json.dumps([r for r in REGIONS if "AWS::Lambda::Url" in schemas.get_resource_types(r)]))',
    ].join("; ");
    const { stdout } = spawnSync(await ensureCfnLint(), ["-I", "-c", program], {
      encoding: "utf8",
    });
    const regions = new Set(JSON.parse(stdout) as string[]);
    assert.deepEqual(
      [...FUNCTION_URL_REGIONS].filter((region) => !regions.has(region)),
      [],
    );
    assert.ok(!regions.has("eu-central-2"), "cfn-lint tells regions apart");
  });

  test("USR-12 the check finds what is wrong, and the configuration for people is read", async () => {
    const file = join(temporaryFolder(), "wrong.template.json");
    const Role = { Type: "AWS::IAM::Role", Properties: { Nonsense: true } };
    writeFileSync(file, JSON.stringify({ Resources: { Role } }));
    const found = await lint([file], ["--config-file", CONFIG]);
    assert.ok(
      found.some((line) => line.includes("AssumeRolePolicyDocument")),
      found.join("\n"),
    );
  });
});
