import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DynamoRevokedStore } from "../../lib/aws/ports/revoked.ts";
import { IamRolePolicies } from "../../lib/aws/ports/role-policies.ts";
import { denyAtRole, type RoleResult } from "../../lib/enforcement/points/deny-at-role.ts";
import { MAX_POLICY, type Revoked, wholeRole } from "../../lib/lifecycle/revocation-policy.ts";
import { Faults } from "../support/faults.ts";
import { MemoryDynamo, TABLES } from "../support/memory-dynamo.ts";
import { MemoryIam } from "../support/memory-iam.ts";
import { denies } from "../support/revocation-policy.ts";

/** The writer of `vai-revocations`, which needs no lock (PROTOCOL.md §10, Points). */

const ROLE = "arn:aws:iam::111122223333:role/vai/exec-s3";
const START = Date.UTC(2026, 4, 5, 4, 0, 0);

class Writers {
  now = START;
  readonly faults = new Faults();
  readonly dynamo = new MemoryDynamo(this.faults);
  readonly iam = new MemoryIam(this.faults);

  deny(wanted: readonly Revoked[], role = ROLE): Promise<RoleResult> {
    return denyAtRole(
      {
        clock: () => this.now,
        revoked: new DynamoRevokedStore(this.dynamo.client(), TABLES.state),
        rolePolicies: new IamRolePolicies(this.iam.client()),
      },
      role,
      wanted,
    );
  }

  /** A session that is issued now. */
  session(index: number) {
    const session = `vai-${index.toString(16).padStart(26, "0")}`;
    return { session, until: Math.floor(this.now / 1000) + 900 };
  }

  isDenied({ session: tag, until }: ReturnType<Writers["session"]>): boolean {
    return denies(this.iam.document("exec-s3") ?? "", { tag, issuedAt: until - 900 });
  }
}

const accepted = (result: RoleResult): boolean => result.state === "accepted";

suite("denying sessions at a role", () => {
  test("VAI-115 of forty writers at once the last one has written every session", async () => {
    const writers = new Writers();
    const sessions = Array.from({ length: 40 }, (_, index) => writers.session(index));
    const results = await Promise.all(sessions.map((each) => writers.deny([each])));
    assert.ok(results.every(accepted));
    assert.ok(sessions.every((each) => writers.isDenied(each)));
  });

  test("VAI-115 a row that came between reading and putting is put too", async () => {
    const writers = new Writers();
    const [one, other] = [writers.session(1), writers.session(2)];
    let isFirst = true;
    writers.iam.beforePut = () => {
      if (!isFirst) return;
      isFirst = false;
      const [pk, sk] = [`revoked#${ROLE}`, `00${other.until}#${other.session}`];
      writers.dynamo.table(TABLES.state).set(`${pk}|${sk}`, { pk, sk });
    };
    assert.ok(accepted(await writers.deny([one])));
    assert.equal(writers.iam.puts.length, 2);
    assert.ok([one, other].every((each) => writers.isDenied(each)));
  });

  test("VAI-115 a session whose row is deleted from State stays denied", async () => {
    const writers = new Writers();
    const [one, other] = [writers.session(1), writers.session(2)];
    await writers.deny([one]);
    writers.dynamo.table(TABLES.state).clear();
    await writers.deny([other]);
    assert.ok([one, other].every((each) => writers.isDenied(each)));
  });

  test("VAI-115 a put that was given up and lands late is mended by whoever comes next", async () => {
    const writers = new Writers();
    const [one, other] = [writers.session(1), writers.session(2)];
    await writers.deny([one]);
    const late = writers.iam.document("exec-s3") ?? "";
    await writers.deny([other]);
    writers.iam.plant("exec-s3", late);
    assert.equal(writers.isDenied(other), false);
    await writers.deny([]);
    assert.ok(writers.isDenied(other));
  });

  test("VAI-119 five hundred revocations of one role: never too long, none let go before its time", async () => {
    const writers = new Writers();
    const sessions: ReturnType<Writers["session"]>[] = [];
    let full = 0;
    for (let index = 0; index < 500; index++) {
      writers.now += 1_500;
      const session = writers.session(index);
      sessions.push(session);
      const result = await writers.deny([session]);
      if (result.state === "accepted" && result.isFull) full += 1;
      assert.ok((writers.iam.document("exec-s3") ?? "").length <= MAX_POLICY);
      if (index % 50 === 49) assert.ok(sessions.every((each) => writers.isDenied(each)));
    }
    assert.ok(full > 0);
    writers.now += 3_600_000;
    await writers.deny([]);
    assert.equal(JSON.parse(writers.iam.document("exec-s3") ?? "").Statement[0].Sid, "None");
  });

  test("VAI-119 five hundred at once are one put, which denies the whole role", async () => {
    const writers = new Writers();
    const sessions = Array.from({ length: 500 }, (_, index) => writers.session(index));
    const result = await writers.deny(sessions);
    const { at, ...told } = result as { readonly at: number };
    assert.deepEqual(told, {
      ...{ role: ROLE, state: "accepted", isFull: true, named: new Set() },
      told: new Set(sessions.map(({ session }) => session)),
    });
    assert.equal(at, writers.now);
    assert.equal(writers.iam.puts.length, 1);
    assert.ok(sessions.every((each) => writers.isDenied(each)));
    assert.equal(writers.dynamo.table(TABLES.state).size, 500);
  });

  test("VAI-115 the denial of a whole role is a row too, and is put again by whoever comes next", async () => {
    const writers = new Writers();
    await writers.deny([wholeRole(START / 1000 + 60)]);
    writers.iam.plant("exec-s3", JSON.stringify({ Version: "2012-10-17", Statement: [] }));
    await writers.deny([]);
    const [statement] = JSON.parse(writers.iam.document("exec-s3") ?? "").Statement;
    assert.equal(statement.Sid, `Before${START / 1000 + 60}`);
  });

  test("VAI-115 where nothing was ever denied nothing is put", async () => {
    const writers = new Writers();
    assert.ok(accepted(await writers.deny([])));
    assert.equal(writers.iam.puts.length, 0);
  });

  test("VAI-115 a policy that says it all is not put again", async () => {
    const writers = new Writers();
    const one = writers.session(1);
    await writers.deny([one]);
    await writers.deny([one]);
    assert.equal(writers.iam.puts.length, 1);
  });

  test("VAI-115 where its row cannot be kept a session is denied all the same, and it does not count as done", async () => {
    const writers = new Writers();
    writers.faults.plan({ at: "revoked:write", how: "throttle" });
    const result = await writers.deny([writers.session(1)]);
    assert.equal(result.state, "outstanding");
    assert.ok(writers.isDenied(writers.session(1)));
  });

  for (const at of ["iam:read", "iam:write"] as const) {
    test(`ADV-46 ${at} that is refused, and that nobody knows of, are two things`, async () => {
      const writers = new Writers();
      writers.faults.plan({ at, how: "denied" });
      const refused = await writers.deny([writers.session(1)]);
      assert.deepEqual([refused.state, writers.iam.puts.length], ["refused", 0]);
      writers.faults.clear();
      for (const how of ["error", "timeout", "throttle"] as const) {
        writers.faults.plan({ at, how });
        const unknown = await writers.deny([writers.session(2)]);
        assert.equal(unknown.state, "outstanding");
        writers.faults.clear();
      }
    });
  }

  test("VAI-115 what else stands among a role's rows denies nobody who exists", async () => {
    const writers = new Writers();
    const pk = `revoked#${ROLE}`;
    for (const sk of ["999999999999", "999999999999#", "999999999999#vai-x", "z"]) {
      writers.dynamo.table(TABLES.state).set(`${pk}|${sk}`, { pk, sk });
    }
    await writers.deny([]);
    assert.equal(writers.iam.puts.length, 0);
  });

  test("VAI-119 a row of a later end than any denial has takes nothing from IAM and puts nothing there", async () => {
    const writers = new Writers();
    const pk = `revoked#${ROLE}`;
    for (const sk of ["999999999999#role", `999999999999#vai-${"a".repeat(26)}`]) {
      writers.dynamo.table(TABLES.state).set(`${pk}|${sk}`, { pk, sk });
    }
    const store = new DynamoRevokedStore(writers.dynamo.client(), TABLES.state);
    assert.deepEqual(await store.list(ROLE, START / 1000), []);
    await writers.deny([writers.session(1)]);
    const alone = new Writers();
    await alone.deny([alone.session(1)]);
    assert.equal(writers.iam.document("exec-s3"), alone.iam.document("exec-s3"));
  });

  test("VAI-119 rows that are too many to be read hide no later one: the whole role is denied", async () => {
    const writers = new Writers();
    const pk = `revoked#${ROLE}`;
    for (let second = 0; second < 600; second++) {
      const sk = `${String(START / 1000 + second).padStart(12, "0")}#role`;
      writers.dynamo.table(TABLES.state).set(`${pk}|${sk}`, { pk, sk });
    }
    const behind = writers.session(1);
    const sk = `${String(behind.until).padStart(12, "0")}#${behind.session}`;
    writers.dynamo.table(TABLES.state).set(`${pk}|${sk}`, { pk, sk });
    assert.equal((await writers.deny([])).state, "accepted");
    const [, before = "0"] = /Before(\d+)/.exec(writers.iam.document("exec-s3") ?? "") ?? [];
    assert.ok(Number(before) > START / 1000 + 60, "as far ahead as a halt");
    writers.now += 1_000;
    const puts = writers.iam.puts.length;
    await writers.deny([]);
    assert.equal(writers.iam.puts.length, puts, "and is put once");
  });

  test("VAI-119 rows whose sessions are over are not read any more, and go by themselves", async () => {
    const writers = new Writers();
    await writers.deny([writers.session(1)]);
    const [row] = [...writers.dynamo.table(TABLES.state).values()];
    assert.equal(row?.["ttl"], START / 1000 + 900 + 86_400);
    writers.now += 959_999;
    await writers.deny([]);
    assert.ok(writers.iam.document("exec-s3")?.includes("Until"));
    const store = new DynamoRevokedStore(writers.dynamo.client(), TABLES.state);
    assert.equal((await store.list(ROLE, START / 1000 + 959)).length, 1);
    assert.equal((await store.list(ROLE, START / 1000 + 960)).length, 0);
  });
});
