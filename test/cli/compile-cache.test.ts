import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { cacheFolder, privateFolder } from "../../lib/cli/compile-cache.js";
import { REPOSITORY_ROOT } from "../../localstack/machine/paths.ts";

const MAIN = join(REPOSITORY_ROOT, "lib", "cli", "main.js");

/** Runs `vai explain` as a program, with this folder for caches. */
function explain(caches: string) {
  const { PATH = "", HOME = homedir() } = process.env;
  const env = { PATH, HOME, XDG_CACHE_HOME: caches };
  const args = [MAIN, "explain", "SCOPE_EXCEEDED"];
  return spawnSync(process.execPath, args, { encoding: "utf8", env });
}

describe("the compile cache of vai", () => {
  let home: string;
  let made = 0;
  before(() => {
    // Not below the system's folder for temporary files: what everybody can write is just what is refused.
    home = mkdtempSync(join(homedir(), ".vai-test-"));
  });
  after(() => rmSync(home, { recursive: true, force: true }));

  /** A new folder for caches, with a mode. */
  function folder(mode: number): string {
    const path = join(home, `${++made}`);
    mkdirSync(path);
    chmodSync(path, mode);
    return path;
  }
  const compiled = (caches: string): string => join(caches, "vai-aws", "compiled");

  test("USR-11 it lies in a folder that is made for its user alone, and only there", (t) => {
    const caches = folder(0o700);
    if (privateFolder(compiled(caches)) === undefined) {
      t.skip("others than this user can write above the home folder");
      return;
    }
    const { status, stdout } = explain(caches);
    assert.equal(status, 0);
    assert.match(stdout, /SCOPE_EXCEEDED/);
    assert.equal(readdirSync(compiled(caches)).length, 1);
    assert.equal(explain(caches).stdout, stdout, "the same from the cache");
  });

  test("USR-11 a folder that others can read or write is not used, and the command works without", () => {
    for (const mode of [0o770, 0o707, 0o750, 0o722]) {
      const caches = folder(0o700);
      mkdirSync(compiled(caches), { recursive: true });
      chmodSync(compiled(caches), mode);
      assert.equal(privateFolder(compiled(caches)), undefined, mode.toString(8));
      assert.equal(explain(caches).status, 0);
      assert.deepEqual(readdirSync(compiled(caches)), []);
    }
  });

  test("USR-11 a folder that somebody else could replace is not used", () => {
    for (const mode of [0o777, 0o1777, 0o770]) {
      assert.equal(privateFolder(compiled(folder(mode))), undefined, mode.toString(8));
    }
    const everybodys = mkdtempSync(join(tmpdir(), "vai-test-"));
    chmodSync(everybodys, 0o1777);
    const shared = mkdtempSync(join(everybodys, "own-"));
    assert.equal(privateFolder(compiled(shared)), undefined);
    rmSync(everybodys, { recursive: true });
  });

  test("USR-11 a folder of somebody else, and a link, are not used", (t) => {
    const caches = folder(0o700);
    const own = join(caches, "own");
    mkdirSync(own, { mode: 0o700 });
    symlinkSync(own, join(caches, "link"));
    assert.equal(privateFolder(join(caches, "link")), undefined);
    if (process.getuid?.() !== 0) {
      t.diagnostic("only root can give a folder away: looked at root's instead");
      assert.equal(privateFolder("/root"), undefined);
      return;
    }
    chownSync(own, 65_534, 65_534);
    assert.equal(privateFolder(own), undefined);
    assert.equal(privateFolder(join(own, "below")), undefined);
  });

  test("USR-11 without a place for it there is none", () => {
    assert.equal(privateFolder(undefined), undefined);
    assert.equal(privateFolder(join(MAIN, "below a file")), undefined);
  });

  test("the user's cache folder is the platform's, or the one that the environment names absolutely", () => {
    const of = (environment: Record<string, string>, platform: NodeJS.Platform = "linux") =>
      cacheFolder({ HOME: "/nowhere", ...environment }, platform);
    assert.equal(of({}), "/nowhere/.cache/vai-aws/compiled");
    assert.equal(of({ XDG_CACHE_HOME: "/caches" }), "/caches/vai-aws/compiled");
    assert.equal(of({ XDG_CACHE_HOME: "caches" }), "/nowhere/.cache/vai-aws/compiled");
    assert.equal(of({}, "darwin"), "/nowhere/Library/Caches/vai-aws/compiled");
    assert.equal(of({}, "win32"), undefined);
    assert.equal(of({ HOME: "relative" }), undefined);
  });
});
