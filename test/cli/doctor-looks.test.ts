import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { runCli } from "../../lib/cli/program.ts";

/** Runs `vai doctor` with nothing around it: what it needs before it looks at anything. */
async function doctor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCli(["doctor", ...args], {
    ...{ out: (text) => out.push(text), err: (text) => err.push(text) },
    ...{ environment, isTerminal: false },
  });
  return { code, out: out.join("\n"), err: err.join("\n") };
}

suite("the looks of vai doctor", () => {
  test("USR-12 one look at a time, since each has another answer", async () => {
    for (const args of [
      ["--preflight", "--ways-around"],
      ["--repair-plan", "--ways-around"],
      ["--preflight", "--repair-plan"],
    ]) {
      const { code, err } = await doctor(args);
      assert.deepEqual([code, /give one of --preflight/.test(err)], [2, true], args.join());
    }
    const { code, err } = await doctor(["--deployment", "x.json"]);
    assert.deepEqual([code, /--deployment is of --preflight/.test(err)], [2, true]);
  });

  test("USR-12 a preflight without deployment file or region says how to name one", async () => {
    const nothing = await doctor(["--preflight"]);
    assert.equal(nothing.code, 2);
    assert.match(nothing.err, /--deployment FILE or in VAI_DEPLOYMENT/);
    const nowhere = await doctor(["--preflight"], { VAI_DEPLOYMENT: "deployment.example.json" });
    assert.equal(nowhere.code, 2);
    assert.match(nowhere.err, /export AWS_REGION=/);
  });

  test("USR-12 the permissions of a preflight need no deployment, and are reads alone", async () => {
    const { code, out } = await doctor(["--preflight", "--permissions"]);
    assert.equal(code, 0);
    const actions: string[] = JSON.parse(out).Statement[0].Action;
    for (const action of actions)
      assert.match(action, /:(Get|List|Describe)[A-Za-z]+$|:SimulatePrincipalPolicy$/);
  });
});
