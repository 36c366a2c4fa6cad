import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { desk } from "./support/plane-endpoint.ts";

const SHIFT = { contract: { set: { "/deliveries": ["execute", "handle"] } } };
const SET = { base: "item", ...SHIFT } as const;

const json = (file: string) => JSON.parse(readFileSync(file, "utf8"));

describe("vai issue --delivery handle, vai execute", () => {
  test("USR-11 a handle is kept in a file, redeemed once by its holder, and refused the second time", async (t) => {
    const { plane, contract, vai, file } = await desk(t);
    const held = contract("held.json", SHIFT);
    const handle = file("handle.json");
    const args = ["issue", held, "--delivery", "handle", "--out", handle, "--set", "percent=10"];
    const issued = await vai(args);
    assert.equal(issued.code, 0, issued.out + issued.err);
    assert.match(issued.out, /granted .*ISSUED[\s\S]*next +npx --no -- vai execute .*handle\.json/);
    assert.equal(plane.targets.calls.length, 0, "nothing is run yet");
    const redeemed = await vai(["execute", handle]);
    assert.equal(redeemed.code, 0, redeemed.out + redeemed.err);
    assert.match(redeemed.out, /outcome +succeeded/);
    assert.equal(plane.targets.calls.length, 1);
    const again = await vai(["execute", handle, "--json"]);
    assert.equal(again.code, 1);
    assert.equal(JSON.parse(again.out).code, "DUPLICATE_EXECUTION");
    assert.equal(plane.targets.calls.length, 1);
  });

  test("USR-11 what was reserved with the handle is what is run; anything else is told before it is sent, and refused if it is forced", async (t) => {
    const { plane, contract, vai, file } = await desk(t);
    const handle = file("handle.json");
    const held = contract("held.json", SHIFT);
    await vai(["issue", held, "--delivery", "handle", "--out", handle, "--set", "percent=10"]);
    assert.equal(json(handle).operation.parameters.percent, 10);
    const before = plane.chains().length;
    const held9 = await vai(["execute", handle, "--set", "percent=9"]);
    assert.deepEqual([held9.code, held9.out, plane.chains().length], [2, "", before]);
    assert.match(held9.err, /not sent: CONTRACT_MISMATCH.*another operation.*--force/);
    const other = await vai(["execute", handle, "--set", "percent=9", "--force", "--json"]);
    assert.equal(JSON.parse(other.out).code, "CONTRACT_MISMATCH");
    assert.equal(plane.targets.calls.length, 0);
  });

  test("USR-11 a step without totals leaves the operation open until the handle is redeemed", async (t) => {
    const { plane, contract, vai, file } = await desk(t);
    const handle = file("handle.json");
    const issued = await vai([
      ...["issue", contract("held.json", SET), "--delivery", "handle", "--out", handle],
    ]);
    assert.equal(issued.code, 0, issued.out + issued.err);
    assert.ok(!("operation" in json(handle)));
    assert.match(
      issued.out,
      /fill in +npx --no -- vai execute \S+handle\.json( --set \S+=VALUE)+$/m,
    );
    const attempts: Readonly<Record<string, readonly string[]>> = {
      "PARAMETER_OUT_OF_BOUNDS, set/weight is missing": [],
      "PARAMETER_OUT_OF_BOUNDS, set/weight 1000000": ["--set", "set/weight=1000000"],
      PARAMETER_UNDECLARED: ["--set", "set/weight=7", "--set", "more=1"],
      ACTION_MISMATCH: ["--set", "set/weight=7", "--action", "dynamodb:DeleteItem"],
    };
    for (const [said, args] of Object.entries(attempts)) {
      const refused = await vai(["execute", handle, ...args]);
      assert.deepEqual([refused.code, refused.out], [2, ""], said);
      assert.ok(refused.err.includes(`not sent: ${said}`), refused.err);
    }
    const redeemed = await vai(["execute", handle, "--set", "set/weight=7"]);
    assert.equal(redeemed.code, 0, redeemed.out + redeemed.err);
    assert.equal(plane.targets.calls.length, 1);
  });

  test("USR-11 before a use is spent it is known where the handle goes, and never over another file", async (t) => {
    const { plane, contract, vai, file } = await desk(t);
    const held = contract("held.json", SHIFT);
    const taken = file("taken.json");
    writeFileSync(taken, "something else");
    const delivery = ["issue", held, "--delivery", "handle", "--set", "percent=10"];
    assert.match((await vai(delivery)).err, /needs --out FILE/);
    assert.match((await vai([...delivery, "--out", taken])).err, /exists already/);
    assert.equal(readFileSync(taken, "utf8"), "something else");
    assert.match((await vai(["issue", held, "--out", file("new.json")])).err, /--out is for/);
    assert.match((await vai(["issue", held, "--delivery", "credentials"])).err, /vai credentials/);
    assert.match((await vai(["issue", held, "--delivery", "email"])).err, /execute or handle/);
    assert.equal(plane.sts.executions.length, 0);
    assert.deepEqual(plane.chains(), ["plane/registry"], "nothing was asked");
  });

  test("USR-11 a request to redeem can be saved and sent again, byte for byte: the answer comes again, nothing is done twice", async (t) => {
    const { plane, contract, vai, file } = await desk(t);
    const [handle, event] = [file("handle.json"), file("event.json")];
    const held = contract("held.json", SHIFT);
    await vai(["issue", held, "--delivery", "handle", "--out", handle, "--set", "percent=10"]);
    await vai(["execute", handle, "--save-event", event]);
    const again = await vai(["execute", event, "--event", "--json"]);
    assert.deepEqual([again.code, JSON.parse(again.out).deduplicated], [0, true]);
    assert.equal(plane.targets.calls.length, 1);
  });

  test("USR-11 a file that holds no handle is told from one that does", async (t) => {
    const { contract, vai } = await desk(t);
    const { code, err } = await vai(["execute", contract("held.json", SHIFT)]);
    assert.equal(code, 2);
    assert.match(err, /holds no handle; make one with: npx --no -- vai issue/);
  });

  test("USR-11 the line that redeems a handle names the key and the deployment that asked for it", async (t) => {
    const { contract, vai, file } = await desk(t);
    const [handle, key] = [file("handle.json"), file("agent.json")];
    const asking = ["issue", contract("held.json", SHIFT), "--delivery", "handle", "--out", handle];
    const outputs = file("outputs.json");
    const { out } = await vai([
      ...[...asking, "--set", "percent=10", "--key", key, "--outputs", outputs],
    ]);
    assert.ok(out.endsWith(`vai execute ${handle} --key ${key} --outputs ${outputs}`), out);
  });

  test("USR-11 without a key the option that gives one is named", async (t) => {
    const { contract, vai, file } = await desk(t);
    const { keys: _none, ...outputs } = json(file("outputs.json"));
    writeFileSync(file("keyless.json"), JSON.stringify(outputs));
    const held = contract("held.json", SHIFT);
    const { code, err } = await vai([
      ...["issue", held, "--set", "percent=10", "--outputs", file("keyless.json")],
    ]);
    assert.equal(code, 2);
    assert.match(err, /give --key FILE/);
  });
});
