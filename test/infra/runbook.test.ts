import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { REVOKE_EVENTS } from "../../infra/events.ts";
import { BUNDLED } from "../../infra/functions.ts";
import { runCli } from "../../lib/cli/program.ts";
import { templateOf } from "./support/synthesise.ts";
import { Resolved } from "./support/template.ts";

const PARTS = ["Meaning", "Investigation", "Resolution"] as const;
const FUNCTION_SUFFIX = new RegExp(`-(?:${[...BUNDLED, REVOKE_EVENTS].join("|")})$`);

const text = readFileSync(join(import.meta.dirname, "../../infra/runbook.md"), "utf8");

/** Sections by heading: everything under `## `. */
const sections = new Map(
  text
    .split(/^(?=#{1,2} )/m)
    .filter((section) => section.startsWith("## "))
    .map((section) => {
      const [heading = "", ...lines] = section.split("\n");
      return [heading.slice(3), lines.join("\n")] as const;
    }),
);

const alarms = new Resolved(templateOf())
  .ofType("AWS::CloudWatch::Alarm")
  .map(({ Properties }) => ({
    heading: String(Properties["AlarmName"])
      .replace("vai-example-", "")
      .replace(FUNCTION_SUFFIX, ""),
    description: String(Properties["AlarmDescription"]),
  }));

const ROOT = join(import.meta.dirname, "../..");

/** Every command of the CDK in a page, as printed: in blocks and between backticks. */
const cdkCommands = (page: string): string[] =>
  readFileSync(join(ROOT, page), "utf8")
    .split("\n")
    .flatMap((line) => line.match(/[^`#]*\bnpx cdk [^`]*/g) ?? []);

suite("commands of the CDK", () => {
  const pages = ["README.md", "infra/README.md", "infra/runbook.md", "localstack/README.md"];

  test("USR-12 each runs where its app is, names a stack that the app has, and is one of the CDK's", () => {
    const { app } = JSON.parse(readFileSync(join(ROOT, "infra/cdk.json"), "utf8"));
    assert.ok(existsSync(join(ROOT, "infra", app.replace(/^node /, ""))));
    const commands = pages.flatMap(cdkCommands);
    assert.ok(commands.length > 10);
    for (const command of commands) {
      const [, verb = "", rest = ""] = /npx cdk (\w+)([^)]*)/.exec(command) ?? [];
      // A bootstrap names its place and needs no app; everything else is about the app in infra/.
      if (verb === "bootstrap") assert.match(rest, /aws:\/\//, command);
      else assert.match(command, /cd infra && npx cdk/, command);
      if (/^(deploy|destroy|diff|drift)$/.test(verb))
        assert.match(rest, /^ "?vai-(\$PLANE|<name>)"?( |$)/, command);
      else assert.match(verb, /^(synth|bootstrap)$/, command);
    }
  });

  test("USR-12 the options that they use are the installed CDK's", () => {
    const help = (verb: string) =>
      spawnSync(join(ROOT, "node_modules/.bin/cdk"), [verb, "--help"], { encoding: "utf8" }).stdout;
    for (const verb of ["deploy", "drift"]) {
      const text = help(verb);
      assert.match(text, new RegExp(`^cdk ${verb}`));
      const used = pages
        .flatMap(cdkCommands)
        .filter((command) => command.includes(`cdk ${verb} `))
        .flatMap((command) => command.match(/--[a-z-]+/g) ?? []);
      for (const option of new Set(used)) assert.ok(text.includes(option), `${verb} ${option}`);
    }
  });
});

suite("runbook", () => {
  test("VAI-131 every alarm has its section, with what it means, how to look and what to do", () => {
    assert.ok(alarms.length > BUNDLED.length);
    for (const { heading } of alarms) {
      const section = sections.get(heading);
      assert.ok(section !== undefined, `no section "## ${heading}"`);
      const parts = [...section.matchAll(/^\*\*(\w+)\.\*\*(.*)$/gm)];
      assert.deepEqual(
        parts.map(([, part]) => part),
        PARTS,
        heading,
      );
      const written = section.split(/^\*\*\w+\.\*\*/m).slice(1);
      for (const part of written) assert.ok(part.trim().length > 80, `${heading}: too short`);
    }
  });

  test("VAI-131 no section is about an alarm that is gone", () => {
    const headings = new Set(alarms.map(({ heading }) => heading));
    assert.deepEqual([...sections.keys()].sort(), [...headings].sort());
  });

  test("VAI-131 an alarm's description leads to its section, and links within the page lead somewhere", () => {
    const anchors = new Set([...sections.keys()].map((heading) => heading.toLowerCase()));
    for (const { heading, description } of alarms) {
      assert.ok(description.endsWith(`infra/runbook.md#${heading.toLowerCase()}`), description);
    }
    const links = [...text.matchAll(/\]\(#([a-z]+)\)/g)].map(([, anchor = ""]) => anchor);
    assert.ok(links.length > 0);
    for (const link of links) assert.ok(anchors.has(link), link);
  });

  test("VAI-131 the vai commands that it names exist", async () => {
    const named = [...text.matchAll(/`vai ([a-z]+(?: publish| show)?)/g)];
    const commands = [...new Set(named.map(([, command = ""]) => command))];
    assert.ok(commands.length >= 6, commands.join());
    for (const command of commands) {
      const said: string[] = [];
      const say = (line: string): void => {
        said.push(line);
      };
      const io = { out: say, err: say, environment: {}, isTerminal: false };
      assert.equal(await runCli([...command.split(" "), "--help"], io), 0, command);
      assert.match(said.join("\n"), new RegExp(`^Usage: vai ${command}`));
    }
  });
});
