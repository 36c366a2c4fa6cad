import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as tick } from "node:timers/promises";
import { actingAs } from "./acting-as.ts";

const session = (name: string) => ({
  ...{ accessKeyId: name, secretAccessKey: `secret of ${name}`, sessionToken: `token of ${name}` },
});
const seen = () =>
  ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"].map(
    (name) => process.env[name],
  );
const all = (name: string) => [name, `secret of ${name}`, `token of ${name}`];

test("VAI-98 functions at once in one process each see their own role's session, and nobody behind them", async () => {
  const before = [process.env, ...seen()];
  const act = (name: string, turns: number) =>
    actingAs(session(name), async () => {
      for (let turn = 0; turn < turns; turn++) {
        assert.deepEqual(seen(), all(name));
        await tick();
      }
      return [...seen(), process.env["PATH"]];
    });
  const said = await Promise.all([act("issue", 2), act("revoke", 5)]);
  assert.deepEqual(said, [
    [...all("issue"), process.env["PATH"]],
    [...all("revoke"), process.env["PATH"]],
  ]);
  await assert.rejects(actingAs(session("broken"), () => Promise.reject(new Error("broken"))));
  assert.deepEqual([process.env, ...seen()], before);
});
