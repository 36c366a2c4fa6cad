import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { BUNDLED } from "../../infra/functions.ts";
import { runCli } from "../../lib/cli/program.ts";
import { templateOf } from "./support/synthesise.ts";
import { Resolved } from "./support/template.ts";

const PARTS = ["Meaning", "Investigation", "Resolution"] as const;
const FUNCTION_SUFFIX = new RegExp(`-(?:${BUNDLED.join("|")})$`);

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
