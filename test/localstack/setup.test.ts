import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { findPython } from "../../localstack/machine/python.ts";
import { ensureEmulator, requireNode } from "../../localstack/setup.ts";
import { temporaryFolder } from "./support/temporary.ts";

interface FakePython {
  readonly version?: string;
  readonly able?: boolean;
  /** Exit code of pip. */
  readonly pip?: number;
}

/**
 * A stand-in for Python: answers the probe, makes an "environment" that is a copy of itself, and
 * notes every call.
 */
function fakePython(folder: string, name: string, fake: FakePython = {}): string {
  const { version = "3.11.7", able = true, pip = 0 } = fake;
  const path = join(folder, name);
  const numbers = version.split(".").join(", ");
  const script = `#!/bin/sh
echo "$@" >> "${folder}/calls"
case "$*" in
  *version_info*) echo '["${path}", [${numbers}], ${able}]' ;;
  "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  "-m pip "*) [ ${pip} = 0 ] || { echo "no network" >&2; exit ${pip}; }; touch "$(dirname "$0")/installed" ;;
  *"import "*) [ -e "$(dirname "$0")/installed" ] ;;
esac
`;
  writeFileSync(path, script, { mode: 0o755 });
  return path;
}

function folderWithRequirements(t: TestContext): string {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "requirements.txt"), "thing==1 --hash=sha256:00\n");
  return folder;
}

const callsIn = (folder: string) => readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
const venvsIn = (folder: string) => readdirSync(folder).filter((name) => name.startsWith(".venv"));

test("makes the environment once, whole and under its final name, with hashes demanded", async (t) => {
  const folder = folderWithRequirements(t);
  const lines: string[] = [];
  const options = {
    ...{ folder, pythons: [fakePython(folder, "py")], modules: ["thing"] },
    progress: (line: string) => void lines.push(line),
  };
  const python = await ensureEmulator(options);
  assert.equal(python, join(folder, ".venv", "bin", "python"));
  assert.ok(existsSync(python));
  assert.deepEqual(venvsIn(folder), [".venv"], "no temporary environment and no lock is left");
  assert.equal(lines.length, 2);
  const pip = callsIn(folder).find((call) => call.startsWith("-m pip install"));
  assert.match(pip ?? "", /--require-hashes -r .*requirements\.txt$/);

  const before = callsIn(folder).length;
  await ensureEmulator(options);
  assert.equal(callsIn(folder).length, before + 1, "the second time only the import is tried");
  assert.equal(lines.length, 2, "and nothing is said");
});

test("rebuilds when requirements change, when Python is gone, and when the import fails", async (t) => {
  const folder = folderWithRequirements(t);
  const options = { folder, pythons: [fakePython(folder, "py")], modules: ["thing"] };
  const builds = () => callsIn(folder).filter((call) => call.startsWith("-m venv")).length;
  const python = await ensureEmulator(options);
  writeFileSync(join(folder, "requirements.txt"), "thing==2 --hash=sha256:00\n");
  await ensureEmulator(options);
  assert.equal(builds(), 2);
  rmSync(python);
  await ensureEmulator(options);
  assert.equal(builds(), 3);
  rmSync(join(folder, ".venv", "bin", "installed"));
  await ensureEmulator(options);
  assert.equal(builds(), 4);
  assert.deepEqual(venvsIn(folder), [".venv"]);
});

test("two that start at once make one environment", async (t) => {
  const folder = folderWithRequirements(t);
  const options = { folder, pythons: [fakePython(folder, "py")], modules: ["thing"] };
  const [one, other] = await Promise.all([ensureEmulator(options), ensureEmulator(options)]);
  assert.equal(one, other);
  assert.equal(callsIn(folder).filter((call) => call.startsWith("-m venv")).length, 1);
});

test("a failed installation says why, what to do, and leaves nothing that looks whole", async (t) => {
  const folder = folderWithRequirements(t);
  const options = { folder, pythons: [fakePython(folder, "py", { pip: 1 })], modules: ["thing"] };
  await assert.rejects(
    ensureEmulator(options),
    /no network[\s\S]*Check the network.*same command again/,
  );
  assert.deepEqual(venvsIn(folder), []);
});

test("takes the first Python that is new enough and can make environments", async (t) => {
  const folder = temporaryFolder(t);
  const good = fakePython(folder, "good", { version: "3.10.0" });
  const names = [
    join(folder, "missing"),
    fakePython(folder, "old", { version: "3.9.18" }),
    fakePython(folder, "bare", { able: false }),
    good,
    fakePython(folder, "later", { version: "3.13.0" }),
  ];
  assert.deepEqual(await findPython(names), { path: good, version: "3.10.0" });
});

test("without a usable Python, the message lists what was found and what to install", async (t) => {
  const folder = temporaryFolder(t);
  const old = fakePython(folder, "old", { version: "3.9.18" });
  const bare = fakePython(folder, "bare", { able: false });
  await assert.rejects(
    findPython([old, bare]),
    /old is 3\.9\.18, too old; .*bare 3\.11\.7 has no venv module.*apt install python3 python3-venv/,
  );
  await assert.rejects(findPython([join(folder, "missing")]), /no Python was found on the PATH/);
});

test("an old Node is told to run npm ci", () => {
  assert.throws(() => requireNode("22.19.0"), /Node 24 or later, not 22\.19\.0\. Run "npm ci"/);
  requireNode("24.0.0");
  requireNode("26.1.0");
});
