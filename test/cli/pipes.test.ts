import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, test } from "node:test";
import { outliveReader } from "../../lib/cli/pipes.js";
import { REPOSITORY_ROOT } from "../../localstack/machine/paths.ts";

describe("output that nobody reads any more", () => {
  for (const [args, code] of [
    [["explain"], 0],
    [["explain", "NO_SUCH_CODE"], 2],
  ] as const) {
    test(`USR-11 vai ${args.join(" ")} ends with ${code} and without a word of Node's`, async () => {
      const main = join(REPOSITORY_ROOT, "lib/cli/main.js");
      const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
      child.stdout.destroy();
      const said: string[] = [];
      child.stderr.setEncoding("utf8").on("data", (text: string) => said.push(text));
      const [ended] = await once(child, "close");
      assert.equal(ended, code, said.join(""));
      assert.doesNotMatch(said.join(""), /EPIPE|fault of vai|at .*\.js/);
    });
  }

  test("USR-11 another error of the stream is one", () => {
    const stream = new PassThrough();
    outliveReader(stream);
    const error = (code: string) => Object.assign(new Error(code), { code });
    assert.ok(stream.emit("error", error("EPIPE")));
    assert.throws(() => stream.emit("error", error("ENOSPC")), /ENOSPC/);
  });
});
