import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { KEYS } from "../support/keys.ts";
import { type Desk, desk } from "./support/plane-endpoint.ts";

const HANDLE = { contract: { set: { "/deliveries": ["execute", "handle"] } } };
const modeOf = (path: string): number => statSync(path).mode & 0o777;

/** A handle under `held.json`, and how to ask under it. */
async function asking(t: TestContext): Promise<Desk & { readonly held: string }> {
  const found = await desk(t);
  return { ...found, held: found.contract("held.json", HANDLE) };
}

/** An older file that everybody can read. */
function older(file: string): string {
  writeFileSync(file, "older");
  chmodSync(file, 0o666);
  return file;
}

test("USR-11 a file that is nested without end is unreadable, and neither kept nor sent", async (t) => {
  const { file, vai } = await asking(t);
  writeFileSync(file("deep.json"), "[".repeat(20_000) + "]".repeat(20_000));
  const kept = ["--save-event", file("kept.json")];
  for (const args of [
    ["issue", file("deep.json"), "--event", ...kept],
    ["execute", file("deep.json"), "--event", ...kept],
    ["policy", file("deep.json")],
  ]) {
    const { code, err } = await vai(args);
    assert.equal(code, 2);
    assert.match(err, /deep\.json is nested too deeply/);
  }
  assert.equal(existsSync(file("kept.json")), false);
});

describe("files that vai writes", () => {
  test("USR-11 a saved event is for its owner's eyes, also in the place of one that everybody could read", async (t) => {
    const { file, vai, held } = await asking(t);
    const event = older(file("event.json"));
    const { ino } = statSync(event);
    const issue = ["issue", held, "--set", "percent=10", "--save-event"];
    const { code, out } = await vai([...issue, event]);
    assert.equal(code, 0, out);
    assert.equal(modeOf(event), 0o600);
    assert.notEqual(statSync(event).ino, ino, "another file under the name");
    assert.match(out, /^event +\S+event\.json \(readable by its owner alone; in the place of an/m);
    assert.ok(JSON.parse(readFileSync(event, "utf8")).request);
    assert.deepEqual(
      readdirSync(file(".")).filter((name) => name.startsWith(".")),
      [],
      "nothing is left beside it",
    );
    const handle = ["--delivery", "handle", "--out", file("handle.json")];
    const again = file("deep/again.json");
    const { out: told } = await vai(["issue", file("second.json"), ...handle]);
    assert.equal(told, "");
    assert.equal(existsSync(file("handle.json")), false);
    await vai([...issue, again]);
    assert.equal(modeOf(again), 0o600);
  });

  test("USR-11 neither a link nor a folder is written through, and nothing is sent then", async (t) => {
    const { file, vai, plane, held } = await asking(t);
    const target = older(file("target.json"));
    symlinkSync(target, file("link.json"));
    symlinkSync(file("nowhere.json"), file("dangling.json"));
    mkdirSync(file("folder.json"));
    for (const name of ["link", "dangling", "folder"]) {
      const path = file(`${name}.json`);
      for (const args of [
        ["issue", held, "--set", "percent=10", "--save-event", path],
        ["issue", held, "--set", "percent=10", "--delivery", "handle", "--out", path],
        ["keys", "new", path],
      ]) {
        const { code, out, err } = await vai(args);
        assert.deepEqual([code, out], [2, ""], args.join(" "));
        assert.match(err, /is a link|is no file|exists already/);
      }
    }
    assert.equal(readFileSync(target, "utf8"), "older");
    assert.equal(existsSync(file("nowhere.json")), false);
    assert.ok(lstatSync(file("link.json")).isSymbolicLink());
    assert.equal(plane.targets.calls.length, 0);
    assert.deepEqual(plane.chains(), ["plane/registry"], "nothing was asked");
  });

  test("USR-11 handle, contract, key and export are readable by their owner alone", async (t) => {
    const { file, vai, plane, held } = await asking(t);
    const handle = file("handle.json");
    const issue = ["issue", held, "--set", "percent=10", "--delivery", "handle", "--out", handle];
    assert.match((await vai(issue)).out, /^handle +\S+ \(readable by its owner alone\)$/m);
    const event = file("event.json");
    const redeemed = await vai(["execute", handle, "--save-event", event]);
    assert.match(redeemed.out, /^event +\S+event\.json \(readable/m);
    await vai(["keys", "new", file("key.json")]);
    writeFileSync(file("anchor.json"), JSON.stringify(KEYS.anchor.jwk));
    const [intent = ""] = plane.chains().filter((id) => id.startsWith("intent/"));
    const only = ["--intent", intent.slice("intent/".length)];
    await vai(["export", file("evidence"), ...only, "--anchor-key", file("anchor.json")]);
    const exported = readdirSync(file("evidence")).map((name) => join("evidence", name));
    assert.equal(exported.length, 4);
    for (const name of ["handle.json", "event.json", "key.json", ...exported]) {
      assert.equal(modeOf(file(name)), 0o600, name);
    }
    assert.equal(modeOf(file("evidence")), 0o700);
  });
});
