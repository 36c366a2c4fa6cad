import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { suite, test } from "node:test";

const ROOT = join(import.meta.dirname, "../..");

/**
 * The rooms of the library in the order in which they may know each other: a file imports its own room, and rooms
 * above it in this list; types too. The longest name that fits is a file's room. A new room is a line.
 */
const ROOMS = [
  // Foundation: imports nothing of ours.
  "lib/unlock.ts",
  "lib/refusal.ts",
  "lib/clock.ts",
  "lib/config.ts",
  "lib/encoding",
  // The way of a request.
  "lib/trust",
  "lib/contract",
  "lib/request",
  "lib/proof",
  "lib/continuity",
  "lib/actions",
  "lib/authority/cut-action.ts",
  "lib/authority/evaluate",
  "lib/authority/derive",
  "lib/authority/contain",
  "lib/issuance",
  "lib/execution",
  "lib/evidence",
  "lib/lifecycle",
  "lib/audit",
  // Enforcement: the only place that knows the order of steps.
  "lib/enforcement/deps.ts",
  "lib/enforcement/read",
  "lib/enforcement/stage.ts",
  "lib/enforcement/judgement.ts",
  "lib/enforcement/verified.ts",
  "lib/enforcement/unlocks.ts",
  "lib/enforcement/answer.ts",
  "lib/enforcement/observed.ts",
  "lib/enforcement/people-asked.ts",
  "lib/enforcement/stages",
  "lib/enforcement/records",
  "lib/enforcement/barriers",
  "lib/enforcement/deliveries",
  "lib/enforcement/refused",
  "lib/enforcement/points",
  "lib/enforcement/commands",
  "lib/enforcement/sweeping",
  "lib/enforcement",
  // Behind the ports, and in front of the protocol.
  "lib/aws/ports",
  "lib/aws/function",
  "lib/aws/inspect",
  "lib/aws/people",
  "lib/client",
  // What every command knows of the deployment that it speaks to.
  "lib/cli/visible.ts",
  "lib/cli/io.ts",
  "lib/cli/nesting.ts",
  "lib/cli/json-place.ts",
  "lib/cli/self.ts",
  "lib/cli/files.ts",
  "lib/cli/cdk-outputs.ts",
  "lib/cli/deployment.ts",
  "lib/doctor",
  "lib/cli",
  "lib/index.ts",
] as const;

/** Ports are declared by the room that needs them: what they hold may be of a room that imports them. */
const MUTUAL: readonly (readonly [from: string, to: string])[] = [
  // What a process remembers is what was read last.
  ["lib/enforcement/deps.ts", "lib/enforcement/read"],
];

/** What a file may import from outside the library. */
interface Ban {
  readonly what: RegExp;
  /** Files that may. */
  readonly except: RegExp;
  readonly why: string;
}

const BANS: readonly Ban[] = [
  {
    what: /^(@aws-sdk|@smithy)\//,
    except: /^lib\/(aws|actions)\//,
    why: "the AWS SDK is imported in lib/aws and lib/actions only",
  },
  { what: /^(aws-cdk-lib|constructs)/, except: /^$/, why: "CDK stays in infra" },
  {
    what: /^node:(fs|net|http|https|child_process|os|dns|tls|worker_threads)(\/|$)/,
    except:
      /^lib\/(actions|aws|client|cli|doctor)\/|^lib\/audit\/(export|folder|line-file|lines)\.ts$|^lib\/authority\/evaluate\/operators\/address\.ts$/,
    why: "rooms are pure: files, sockets and processes come in as arguments (node:net is BlockList alone)",
  },
];

interface Import {
  readonly from: string;
  readonly to: string;
}

const FILES = globSync("lib/**/*.ts", { cwd: ROOT }).sort();

/** Every module that a file names, in an import of values or of types, an export from, or a dynamic import. */
function named(file: string): string[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const names = text.matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+)"([^"]+)"/gm);
  return [...names].map(([, name = ""]) => name);
}

const IMPORTS: readonly Import[] = FILES.flatMap((from) =>
  named(from).map((name) => ({
    from,
    to: name.startsWith(".") ? relative(ROOT, join(ROOT, dirname(from), name)) : name,
  })),
);
const OWN = IMPORTS.filter(({ to }) => to.startsWith("lib/"));

/** A room's place in the order. */
function floorOf(file: string): number {
  const fitting = ROOMS.map((room, floor) => ({ room, floor })).filter(
    ({ room }) => file === room || file.startsWith(`${room}/`),
  );
  const best = fitting.toSorted((left, right) => right.room.length - left.room.length)[0];
  assert.ok(best !== undefined, `${file} belongs to no room: add it to the list`);
  return best.floor;
}

const isMutual = ({ from, to }: Import): boolean =>
  MUTUAL.some(([one, other]) => from.startsWith(one) && to.startsWith(other));

/** Files that reach themselves through imports, types included; each circle once, as a path. */
function circles(imports: readonly Import[]): string[] {
  const arrows = Map.groupBy(imports, ({ from }) => from);
  const state = new Map<string, "open" | "done">();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === "done") return;
    if (state.get(file) === "open") {
      found.push([...path.slice(path.indexOf(file)), file].join(" → "));
      return;
    }
    state.set(file, "open");
    for (const { to } of arrows.get(file) ?? []) visit(to, [...path, file]);
    state.set(file, "done");
  };
  for (const file of arrows.keys()) visit(file, []);
  return found;
}

suite("the rooms of the library", () => {
  test("imports point to the same room or to one that comes before it", () => {
    const wrong = OWN.filter(
      (arrow) => floorOf(arrow.to) > floorOf(arrow.from) && !isMutual(arrow),
    ).map(({ from, to }) => `${from} imports ${to}`);
    assert.deepEqual(wrong, []);
  });

  test("no file reaches itself, not even through types", () => {
    assert.deepEqual(circles(OWN), []);
    const one = [
      { from: "a", to: "b" },
      { from: "b", to: "c" },
      { from: "c", to: "a" },
    ];
    assert.deepEqual(circles(one), ["a → b → c → a"], "a circle is found");
  });

  test("every room of the list is there", () => {
    for (const room of ROOMS) {
      assert.ok(
        FILES.some((file) => file === room || file.startsWith(`${room}/`)),
        room,
      );
    }
  });

  for (const { what, except, why } of BANS) {
    test(why, () => {
      const wrong = IMPORTS.filter(({ from, to }) => what.test(to) && !except.test(from));
      assert.deepEqual(wrong, []);
    });
  }

  test("nothing imports an entry point", () => {
    const wrong = IMPORTS.filter(({ to }) => /^(lambdas|infra|localstack|test)\//.test(to));
    assert.deepEqual(wrong, []);
  });

  test("the verifier shares only schema and hashing with the writer", () => {
    const shared = OWN.filter(
      ({ from, to }) => from.startsWith("lib/audit/") && to.startsWith("lib/evidence/"),
    ).map(({ to }) => to);
    const schema = ["forms.ts", "record-shape.ts", "seal-parts.ts", "seal-shape.ts", "shape.ts"];
    const may = ["chain.ts", "details.ts", "events.ts", "record.ts", "seal.ts", ...schema];
    assert.deepEqual(
      [...new Set(shared)].filter((file) => !may.includes(file.slice("lib/evidence/".length))),
      [],
    );
  });
});
