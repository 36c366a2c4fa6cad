import assert from "node:assert/strict";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { vaiFrom, vaiLine } from "../../lib/cli/self.ts";
import { desk, type Ran, run } from "../cli/support/plane-endpoint.ts";
import { KEYS } from "../support/keys.ts";

const ROOT = join(import.meta.dirname, "../..");
const FORM = "npx --no -- vai";
const PAGES = globSync("{*.md,{lambdas,infra,lib,localstack,test}/**/*.md}", {
  cwd: ROOT,
  exclude: (name) => /node_modules|\.venv/.test(name),
});

const textOf = (page: string): string => readFileSync(join(ROOT, page), "utf8");

/** Lines of a page's shell blocks, continued ones joined. */
const shellLines = (page: string): string[] =>
  [...textOf(page).matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].flatMap(([, block = ""]) =>
    block.replaceAll("\\\n", " ").split("\n"),
  );

/** What a page prints between backticks. */
const inlineCode = (page: string): string[] =>
  [...textOf(page).matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);

/** Command lines of `vai` in a page, without the words before its own. */
const vaiCommands = (page: string): string[] =>
  [...shellLines(page), ...inlineCode(page)].flatMap((line) =>
    line.includes(`${FORM} `) ? line.split(`${FORM} `).slice(1) : [],
  );

const isAliased = (page: string): boolean => shellLines(page).includes(`alias vai='${FORM}'`);

const helpOf = async (words: readonly string[]): Promise<Ran> => run([...words, "--help"]);

/** The words of a command that are its name: one, or two where the first has commands of its own. */
function nameOf(command: string): string[] {
  const [first = "", second = ""] = command.split(/\s+/);
  if (first.startsWith("-")) return [];
  return /^(contract|keys|trust|manifest|revoke|halt|lift|chain)$/.test(first)
    ? [first, second]
    : [first];
}

suite("commands as the pages print them", () => {
  test("USR-12 vai is run in the one form that never fetches a stranger's package", () => {
    const commands = PAGES.flatMap(vaiCommands);
    assert.ok(commands.length > 40, `${commands.length}`);
    for (const page of PAGES) {
      for (const line of [...shellLines(page), ...inlineCode(page)]) {
        for (const [found] of line.matchAll(/\bnpx\b.*?(?=\)|$)/g)) {
          assert.match(found, /^npx (--no -- vai\b|cdk\b|node\b|`?$)|^npx$/, `${page}: ${line}`);
        }
        assert.doesNotMatch(line, /npm (run|exec) .*\bvai\b/, page);
      }
      if (isAliased(page)) continue;
      for (const line of shellLines(page)) assert.doesNotMatch(line, /^\s*vai /, page);
    }
  });

  test("USR-12 every command of vai that a page prints exists, and has the options that it is given", async () => {
    for (const page of PAGES) {
      for (const command of vaiCommands(page)) {
        const name = nameOf(command);
        const { code, out } = await helpOf(name);
        assert.equal(code, 0, `${page}: ${command}`);
        const own = command.split(/ -- | #/)[0] ?? "";
        for (const [option] of own.matchAll(/(?<=\s)--[a-z][a-z-]*/g)) {
          assert.ok(option === "--help" || out.includes(option), `${page}: ${command}: ${option}`);
        }
      }
    }
  });
});

/** Words of a line that was printed for a shell. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "");

const nextLinesOf = (out: string): string[] =>
  [...out.matchAll(/^ *next +(.+)$/gm)].map(([, line = ""]) => line);

suite("what a command says to do next", () => {
  test("USR-11 is a line that runs as it is printed, and does not end as one that cannot be read", async (t) => {
    const { contract, vai, file } = await desk(t);
    const shift = { contract: { set: { "/deliveries": ["execute", "handle"] } } };
    const held = contract("held one.json", shift);
    const known = JSON.parse(readFileSync(file("outputs.json"), "utf8"));
    const anchored = { ...known, anchorKeys: [KEYS.anchor.jwk] };
    writeFileSync(file("outputs.json"), JSON.stringify(anchored));
    const outputs = ["--outputs", file("outputs.json")];
    const printed = [
      await vai(["issue", held, "--set", "percent=100"]),
      await vai(["issue", held, "--set", "percent=10", ...outputs], { environment: {} }),
      await vai([
        ...["issue", contract("other.json", shift), "--set", "percent=10"],
        ...["--delivery", "handle", "--out", file("a handle.json")],
      ]),
      await vai(["policy", held, "--set", "percent=100"]),
      await vai(["explain", "STS_FAILED"]),
    ];
    const lines = printed.flatMap(({ out }) => nextLinesOf(out));
    assert.ok(lines.length >= 4, lines.join("\n"));
    for (const line of lines) {
      assert.ok(line.startsWith(`${FORM} `), line);
      const { code, err } = await vai(wordsOf(line.slice(FORM.length)));
      assert.ok(code === 0 || code === 1 || code === 3, `${line}: ${code} ${err}`);
    }
  });

  test("USR-11 outside the checkout names the command by its path, and words with blanks are one word", () => {
    assert.equal(vaiFrom(ROOT), FORM);
    assert.equal(vaiFrom(join(ROOT, "play")), FORM);
    const main = join(ROOT, "lib/cli/main.js");
    assert.ok(vaiFrom(join(ROOT, "..")).endsWith(` ${main}`));
    assert.ok(vaiFrom(`${ROOT}-other`).endsWith(` ${main}`));
    assert.equal(vaiLine("trace", "a b", "it's"), `${FORM} trace 'a b' 'it'\\''s'`);
  });

  test("USR-12 is written nowhere in another form", () => {
    const sources = globSync("{lib,localstack}/**/*.{ts,js}", { cwd: ROOT });
    for (const source of sources) {
      assert.doesNotMatch(textOf(source), /next +vai |npx vai|npm run vai/, source);
    }
  });
});
