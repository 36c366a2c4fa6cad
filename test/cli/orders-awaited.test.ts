import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { describe, type TestContext, test } from "node:test";
import { CREDENTIALS, HANDLE } from "../support/deliveries.ts";
import { KEYS } from "../support/keys.ts";
import { type Desk, desk } from "./support/plane-endpoint.ts";

/** What an order comes to while its sender waits. */

const ACTOR = "spiffe://example.org/agent/coordinator";

async function operator(t: TestContext): Promise<Desk & { readonly own: readonly string[] }> {
  const found = await desk(t);
  for (const name of ["operator", "otherOperator"] as const) {
    const jwk = KEYS[name].privateKey.export({ format: "jwk" });
    writeFileSync(found.file(`${name}.json`), JSON.stringify(jwk));
  }
  const own = ["--as", "olga", "--reason", "agent behaves oddly"];
  return { ...found, own: [...own, "--key", found.file("operator.json")] };
}

/** An identity that waits for its redemption. */
async function live({ plane }: Desk): Promise<string> {
  const { identity } = await plane.grant(HANDLE, plane.contract(HANDLE));
  return identity.identityId;
}

describe("an order is asked for again until it is whole", () => {
  test("VAI-117 until its record stands, and says how long each point took", async (t) => {
    const { own, ...found } = await operator(t);
    const id = await live(found);
    found.plane.faults.plan({ at: "signer:sign", how: "throttle" });
    let pauses = 0;
    const sleep = async (milliseconds: number): Promise<void> => {
      pauses += 1;
      found.pass(milliseconds);
      if (pauses === 2) found.plane.faults.clear();
    };
    const { code, out, err } = await found.vai(["revoke", "identity", id, ...own], { sleep });
    assert.equal(code, 0, out);
    assert.equal(pauses, 2, "and no longer");
    assert.match(
      out,
      /^revoked +identity \S+, now: agent behaves oddly\nadapter +reached after \d+\.\d\d s\n[\s\S]*evidence +intent\//,
    );
    assert.equal(err, "", "quiet in a pipe");
  });

  test("VAI-117 a halt has reached the adapter when what had read the heads before is over", async (t) => {
    const { own, vai } = await operator(t);
    const { code, out } = await vai(["halt", "plane", ...own]);
    assert.equal(code, 0, out);
    assert.match(
      out,
      /^halted +the plane, now: agent behaves oddly\nadapter +reached after 30\.00 s$/m,
    );
    const now = await vai(["halt", "plane", ...own, "--json", "--wait", "0"]);
    assert.equal(now.code, 3);
    const [adapter] = JSON.parse(now.out).points;
    assert.deepEqual([adapter.point, adapter.acknowledgedAt], ["adapter", undefined]);
  });

  test("VAI-117 a point that was reached at once is not said to be reached when somebody asked again", async (t) => {
    const { own, plane, vai } = await operator(t);
    await plane.grant(CREDENTIALS);
    const { code, out } = await vai(["halt", "plane", ...own]);
    assert.equal(code, 0, out);
    assert.match(
      out,
      /^adapter +reached after 30\.00 s\n(iam +exec-\w+ reached after 0\.\d\d s\n)+in flight/m,
    );
  });

  test("VAI-117 no longer than it was told, and then says what is outstanding", async (t) => {
    const { own, ...found } = await operator(t);
    const id = await live(found);
    found.plane.faults.plan({ at: "signer:sign", how: "throttle" });
    let waited = 0;
    const sleep = async (milliseconds: number): Promise<void> => {
      waited += milliseconds;
      found.pass(milliseconds);
    };
    const told = await found.vai(["revoke", "identity", id, ...own, "--wait", "9"], { sleep });
    found.plane.faults.clear();
    assert.equal(told.code, 3);
    assert.match(told.out, /evidence +owed/);
    assert.equal(waited, 8_000);
  });

  test("VAI-117 a person at a terminal sees what is waited for, once", async (t) => {
    const { own, vai } = await operator(t);
    const { err } = await vai(["halt", "plane", ...own], { isTerminal: true });
    assert.match(
      err,
      /^waiting for adapter, until \S+Z at the latest; interrupting takes nothing back$/,
    );
  });

  test("VAI-115 an asking that fails takes nothing back", async (t) => {
    const { own, vai, pass, plane } = await operator(t);
    const invoke = plane.revoke;
    const sleep = async (milliseconds: number): Promise<void> => {
      pass(milliseconds);
      plane.revoke = async () => ({}) as never;
    };
    const { code, out } = await vai(["halt", "plane", ...own], { sleep });
    plane.revoke = invoke;
    assert.equal(code, 3);
    assert.match(
      out,
      /^halted +the plane, now: [\s\S]*adapter +not reached yet[\s\S]*do +it stands; the same command again goes on, for adapter$/,
    );
  });

  test("VAI-118 what IAM refuses is named with its role, fails, and is not waited for", async (t) => {
    const { own, plane, vai, file } = await operator(t);
    const { identity } = await plane.grant(CREDENTIALS);
    plane.faults.plan({ at: "iam:write", how: "denied" });
    const sleep = () => assert.fail("it was waited for");
    const { code, out } = await vai(["revoke", "identity", identity.identityId, ...own], { sleep });
    assert.equal(code, 1);
    assert.match(
      out,
      /^refused +REVOCATION_FAILED[\s\S]*adapter +reached[\s\S]*iam +exec-dynamodb FAILED[\s\S]*next .*explain REVOCATION_FAILED/,
    );
    const role = "arn:aws:iam::000000000000:role/exec-dynamodb";
    await vai(["lift", "quarantine", role, ...own, "--out", file("order.json")]);
    const shown = await vai(["order", "show", file("order.json")]);
    assert.match(shown.out, /^since +2\d{3}-\S+Z: REVOCATION_FAILED$/m);
  });

  /** An answer of one role that IAM refused, and of one that it was told of and is not seen to deny yet. */
  const point = (name: string, role?: string, acknowledgedAt?: string) => ({
    ...{ point: name, requestedAt: "2026-05-05T04:00:00.000Z" },
    ...(role !== undefined && { role: `arn:aws:iam::000000000000:role/${role}` }),
    ...(acknowledgedAt !== undefined && { acknowledgedAt }),
  });
  const AT = "2026-05-05T04:00:01.000Z";
  for (const [what, points, lines, waits] of [
    [
      "of one of two roles is failed, and the other's session is awaited",
      [
        ...[point("adapter", undefined, AT), point("iam", "one"), point("session", "one")],
        ...[point("iam", "two", AT), point("session", "two")],
      ],
      [
        ...[/^adapter +reached after 1\.00 s$/m, /^iam +one FAILED: IAM did not take it/m],
        ...[/^session +one FAILED: IAM was not seen to deny them/m],
        ...[/^iam +two reached after/m, /^session +two not reached yet$/m],
      ],
      true,
    ],
    [
      "nowhere refused, and not seen to be denied for too long, is failed at the session",
      [point("adapter", undefined, AT), point("iam", "one", AT), point("session", "one")],
      [/^iam +one reached/m, /^session +one FAILED: IAM was not seen to deny them/m],
      false,
    ],
  ] as const) {
    test(`VAI-117 VAI-118 what IAM ${what}`, async (t) => {
      const { own, plane, vai } = await operator(t);
      const evidence = { chainId: "intent/x", seq: 9 };
      plane.revoke = async () =>
        ({
          ...{ ok: false, code: "REVOCATION_FAILED", stage: "execution", detail: "d" },
          ...{ failureDomain: "platform", retryable: true, state: "REVOKED", inFlight: 0 },
          ...{ points, evidence },
        }) as never;
      let pauses = 0;
      const sleep = async (): Promise<void> => {
        pauses += 1;
        throw new Error("it is waited for");
      };
      const id = "0198c7d2-0000-7000-8000-000000000001";
      const args = ["revoke", "identity", id, ...own];
      await vai(args, { sleep }).catch(() => undefined);
      assert.equal(pauses > 0, waits);
      const { code, out } = await vai([...args, "--wait", "0"]);
      assert.equal(code, 1);
      for (const line of lines) assert.match(out, line);
    });
  }

  test("VAI-118 a lift waits for what it covers to end", async (t) => {
    const { own, ...found } = await operator(t);
    const { file } = found;
    await live(found);
    assert.equal((await found.vai(["halt", "actor", ACTOR, ...own])).code, 0);
    const lift = ["lift", "actor", ACTOR, ...own, "--cosign-key", file("otherOperator.json")];
    const pending = await found.vai([...lift, "--wait", "0"]);
    assert.equal(pending.code, 1);
    assert.match(pending.out, /^refused +REVOCATION_PENDING/);
    const sleep = async (milliseconds: number): Promise<void> => {
      found.pass(milliseconds);
      await found.plane.sweep();
    };
    const lifted = await found.vai(lift, { sleep });
    assert.equal(lifted.code, 0, lifted.out);
    assert.match(
      lifted.out,
      /^lifted +the halt of actor spiffe:\S+\/coordinator, now: agent behaves oddly$/m,
    );
  });
});
