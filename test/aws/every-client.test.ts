import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { REPOSITORY_ROOT } from "../../localstack/machine/paths.ts";
import { FUNCTION_CLIENTS } from "../support/peers/function-clients.ts";
import { DOCTOR_CLIENTS, OTHER_LOOKS, PEOPLE_CLIENTS } from "../support/peers/people-clients.ts";
import { BOUNDED_CALLS, TARGET_READS } from "../support/peers/target-clients.ts";

/** A client of the SDK, by its class or by a module that holds the class. */
const MADE = /\bnew\s+(?:\w+\s*\.\s*)*([A-Z]\w*Client)\s*\(/g;
/** What is declared at the left edge, where every function of this project stands. */
const DECLARED = /^(?:export )?(?:async )?(?:function|const|class) (\w+)/gm;

/** Where a source makes clients: `file declaration Class`; the second of the same has a 2 behind it, and so on. */
function madeIn(file: string, text: string): string[] {
  const declared = [...text.matchAll(DECLARED)];
  const places = [...text.matchAll(MADE)].map(({ index, 1: name }) => {
    const around = declared.findLast((each) => each.index < index)?.[1];
    return `${file} ${around} ${name}`;
  });
  return places.map((place, index) => {
    const before = places.slice(0, index).filter((each) => each === place).length;
    return before === 0 ? place : `${place} ${before + 1}`;
  });
}

/** Values that a source has from the SDK's clients, its own `sdk.ts` among them, in the words of the import. */
function namedIn(text: string): string[] {
  const lists = text.matchAll(
    /^(?:import|export) \{([^}]*)\} from "(?:@aws-sdk\/client-[^"]+|\.\/sdk\.ts)"/gm,
  );
  return [...lists]
    .flatMap(([, names = ""]) => names.split(","))
    .map((name) => name.trim())
    .filter((name) => name !== "" && !name.startsWith("type "));
}

const SOURCES = globSync("{lib,lambdas}/**/*.{ts,js}", { cwd: REPOSITORY_ROOT })
  .filter((file) => !file.includes("node_modules"))
  .sort()
  .map((file) => [file, readFileSync(join(REPOSITORY_ROOT, file), "utf8")] as const);

const USES = [
  ...FUNCTION_CLIENTS,
  ...DOCTOR_CLIENTS,
  ...OTHER_LOOKS,
  ...PEOPLE_CLIENTS,
  ...BOUNDED_CALLS,
  ...TARGET_READS,
];

suite("VAI-99 no client is forgotten", () => {
  test("VAI-99 every client that the source makes is asked of peers that misbehave, and every one that is asked is made", () => {
    const made = SOURCES.flatMap(([file, text]) => madeIn(file, text));
    assert.ok(made.length > 20, `${made.length}`);
    assert.deepEqual([...new Set(USES.map((use) => use.made))].sort(), made.sort());
  });

  test("VAI-99 a client is made by its own name: what the source has from the SDK are clients, commands and exceptions", () => {
    for (const [file, text] of SOURCES) {
      assert.doesNotMatch(text, /import \* as \w+ from "@aws-sdk/, file);
      for (const name of namedIn(text))
        assert.match(name, /^\w+(Client|Command|Exception)$/, `${file}: ${name}`);
    }
  });

  test("VAI-99 a client is seen however its line is written", () => {
    const source = `
import { KMSClient } from "@aws-sdk/client-kms";
export async function first() {
  const sdk = await loadSdk();
  return [new sdk.EC2Client({}), new KMSClient(options), new KMSClient (options)];
}
const second = () =>
  readingClient("s3", (options) => new
    S3Client(options));
`;
    assert.deepEqual(madeIn("x.ts", source), [
      "x.ts first EC2Client",
      "x.ts first KMSClient",
      "x.ts first KMSClient 2",
      "x.ts second S3Client",
    ]);
  });
});
