import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ClientSettings } from "../../lib/actions/client-settings.ts";
import type { IssueDeps } from "../../lib/enforcement/deps.ts";
import { CREDENTIALS, HANDLE } from "../support/deliveries.ts";
import { type Governed, type Mutation, TABLE } from "../support/governed.ts";
import { granted, newPlane, type Plane, refused } from "../support/plane.ts";

const KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555";
const OTHER = `${TABLE}-2`;

const ITEM: Mutation = { base: "item" };
const ITEM_HANDLE: Mutation = { ...HANDLE, base: "item" };
const UNDECIDED: Mutation = {
  ...ITEM_HANDLE,
  request: { ...HANDLE.request, remove: ["/operation"] },
};
const credentialsOf = (...targets: string[]): Mutation => ({
  ...CREDENTIALS,
  contract: {
    set: { ...CREDENTIALS.contract?.set, "/authorization_details/0/resources": targets },
  },
  intent: { set: { "/target": targets } },
});
const OF_TWO = credentialsOf(OTHER, TABLE);

async function encrypted(...targets: string[]): Promise<Plane> {
  const plane = await newPlane();
  for (const target of targets) plane.targets.underKey.add(target);
  plane.deps = { ...plane.deps, isOpened: () => true };
  return plane;
}

const naming = (plane: Plane, targetKeys: IssueDeps["targetKeys"]): void => {
  plane.deps = { ...plane.deps, targetKeys };
};

/** The refusal says where, and who can open it; nothing was asked of STS, spent or called. */
function assertUnspent(plane: Plane, { chainId }: Governed, answer: unknown, place: string): void {
  const { code, stage, pointer, detail } = refused(answer as never);
  assert.deepEqual([code, stage, pointer], ["ACTION_UNREGISTERED", "contract", place]);
  assert.match(detail, /KMS key.* its cloud team can, by adding the ARN .* to targetKeys/);
  assert.equal(plane.sts.executions.length, 0, "STS was asked for no execution role");
  assert.equal(plane.targets.calls.length, 0);
  const types = plane.types(chainId);
  assert.ok(types.length > 0, "the refusal is on record");
  assert.ok(!types.includes("CredentialsMinted"), types.join());
}

const FIRST = "/contract/authorization_details/0/resources/0";
const DELIVERIES: Readonly<Record<string, readonly [Mutation, place: string]>> = {
  execute: [ITEM, FIRST],
  handle: [ITEM_HANDLE, FIRST],
  credentials: [CREDENTIALS, FIRST],
  "credentials of two tables": [OF_TWO, "/contract/authorization_details/0/resources/1"],
};

suite("VAI-47 a target under a key that the deployment does not name is refused before STS", () => {
  for (const [name, [mutation, place]] of Object.entries(DELIVERIES)) {
    test(`VAI-47 ${name}: before a use is spent, and on record`, async () => {
      const plane = await encrypted(TABLE);
      const governed = plane.contract(mutation);
      const answer = await plane.ask(mutation, governed);
      assertUnspent(plane, governed, answer, place);
      assert.ok(!plane.types(governed.chainId).includes("IdentityIssued"));
      assert.deepEqual(plane.effects().retryKeys, 0);
      // The one use is there once the cloud team has named the key.
      naming(plane, { [TABLE]: KEY });
      assert.ok((await plane.ask(mutation, governed)).ok);
    });

    test(`VAI-47 ${name}: served, where the key is named, without a look`, async () => {
      const plane = await encrypted(TABLE);
      naming(plane, { [TABLE]: KEY, [OTHER]: KEY });
      assert.ok((await plane.ask(mutation)).ok);
      assert.deepEqual(plane.targets.keyLooks, []);
    });

    for (const at of ["target:key", "reader"] as const) {
      test(`VAI-47 ${name}: served, where ${at} does not answer: AWS itself decides`, async () => {
        const plane = await encrypted(TABLE);
        plane.faults.plan({ at, from: 1, to: name.includes("two") ? 2 : 1 });
        assert.ok((await plane.ask(mutation)).ok);
      });
    }
  }

  test("VAI-47 the checks that come after it count as not run, and nothing is bound", async () => {
    const plane = await encrypted(TABLE);
    const governed = plane.contract(ITEM);
    await plane.ask(ITEM, governed);
    const records = plane.records(governed.chainId);
    assert.ok(!records.some(({ event }) => event.type === "ContractBound"));
    const [checks] = records.flatMap(({ decision: { checks: all } }) =>
      all === undefined ? [] : [all],
    );
    assert.ok(checks);
    const results = Object.fromEntries(checks.map((check) => [check.name, check.result]));
    assert.equal(results["breadth"], "pass");
    assert.equal(results["registeredActions"], "fail");
    assert.equal(results["assumptions"], "notRun");
    assert.equal(results["containment"], "notRun");
  });

  test("VAI-47 an action that asks KMS nothing is never looked at", async () => {
    const plane = await encrypted();
    await plane.grant();
    assert.deepEqual(plane.targets.keyLooks, []);
  });
});

suite("VAI-47 a handle of a target under a key that the deployment does not name", () => {
  test("VAI-47 that names no operation is issued, and refused when one is redeemed, before STS", async () => {
    const plane = await encrypted(TABLE);
    const governed = plane.contract(UNDECIDED);
    const { handle } = await plane.grant(UNDECIDED, governed);
    assert.deepEqual(plane.targets.keyLooks, []);
    const redemption = () => plane.redemption(governed, handle);
    assertUnspent(plane, governed, await plane.execute(redemption()), FIRST);
    // The handle is as it was: redeemed once the key is named.
    naming(plane, { [TABLE]: KEY });
    assert.ok((await plane.execute(redemption())).ok);
  });

  test("VAI-47 that came under it after it was issued is refused by the process that redeems it", async () => {
    const plane = await encrypted();
    const governed = plane.contract(ITEM_HANDLE);
    const { handle } = await plane.grant(ITEM_HANDLE, governed);
    plane.targets.underKey.add(TABLE);
    plane.deps = { ...plane.process(), isOpened: () => true };
    const answer = await plane.execute(plane.redemption(governed, handle));
    assertUnspent(plane, governed, answer, FIRST);
  });

  test("VAI-47 is redeemed, where the target cannot be looked at", async () => {
    const plane = await encrypted(TABLE);
    const governed = plane.contract(UNDECIDED);
    const { handle } = await plane.grant(UNDECIDED, governed);
    plane.faults.plan({ at: "target:key" });
    granted(await plane.execute(plane.redemption(governed, handle)));
    assert.deepEqual(plane.targets.keyLooks, [TABLE]);
  });
});

suite("VAI-62 how often a target's encryption is looked at", () => {
  const looksOf = async (plane: Plane, mutation: Mutation = ITEM): Promise<number> => {
    const before = plane.targets.keyLooks.length;
    await plane.ask(mutation);
    return plane.targets.keyLooks.length - before;
  };

  for (const [name, prepare] of Object.entries<(plane: Plane) => void>({
    "that lies under none": () => {},
    "that is refused": (plane) => plane.targets.underKey.add(TABLE),
    "that cannot be looked at": (plane) => plane.faults.plan({ at: "target:key" }),
  })) {
    test(`VAI-62 a target ${name}: once in ten minutes of a process`, async () => {
      const plane = await encrypted();
      prepare(plane);
      assert.deepEqual([await looksOf(plane), await looksOf(plane)], [1, 0]);
      plane.world.now += 599_999;
      assert.equal(await looksOf(plane), 0);
      plane.world.now += 1;
      assert.equal(await looksOf(plane), 1);
      plane.deps = plane.process();
      assert.equal(await looksOf(plane), 1);
    });
  }

  test("VAI-62 by the reader's session, one for all looks and for what is read later", async () => {
    const plane = await encrypted();
    await plane.grant(OF_TWO);
    await plane.grant(ITEM);
    assert.deepEqual(plane.targets.keyLooks, [OTHER, TABLE]);
    assert.equal(new Set(plane.targets.readers).size, 1);
    assert.equal(plane.faults.counts.get("reader"), 1);
  });

  test("VAI-62 what holds several targets once for all, and another target on its own", async () => {
    const plane = await encrypted();
    const { descriptorOf } = plane.deps;
    plane.deps = {
      ...plane.deps,
      descriptorOf: (action) => {
        const real = descriptorOf(action);
        const readsHolder = { actions: [], holderOf: (arn: string) => arn.slice(0, TABLE.length) };
        return real && { ...real, readsHolder };
      },
    };
    await plane.grant(OF_TWO);
    assert.deepEqual(plane.targets.keyLooks, [OTHER]);
  });

  test("VAI-62 of more targets than it remembers a process forgets the oldest", async () => {
    const plane = await encrypted();
    const until = plane.world.now + 600_000;
    const { keyLooks } = plane.deps.memory;
    await looksOf(plane);
    for (let index = 0; index < 255; index++)
      keyLooks.set(`${index}`, { isUnderKey: false, until });
    assert.equal(await looksOf(plane), 0, "256 are remembered");
    assert.equal(await looksOf(plane, credentialsOf(OTHER)), 1);
    assert.equal(keyLooks.size, 256);
    assert.equal(await looksOf(plane), 1, "the first was forgotten");
  });

  test("VAI-62 all looks of a request together are waited for two seconds, and then AWS decides", async () => {
    const plane = await encrypted();
    const { descriptorOf } = plane.deps;
    const patience: number[] = [];
    const lookAt = async (_: string, { timeoutMilliseconds }: ClientSettings) => {
      patience.push(timeoutMilliseconds);
      plane.world.now += 1_000;
      return false;
    };
    plane.deps = {
      ...plane.deps,
      descriptorOf: (action) => {
        const real = descriptorOf(action);
        return real?.keyUse && { ...real, keyUse: { ...real.keyUse, lookAt } };
      },
    };
    await plane.grant(credentialsOf(`${TABLE}-3`, OTHER, TABLE));
    assert.deepEqual(patience, [2_000, 1_000]);
  });

  test("VAI-99 a bug in a look is no answer: nothing is granted", async () => {
    const plane = await encrypted();
    const { descriptorOf } = plane.deps;
    const lookAt = async (): Promise<boolean> => {
      throw new TypeError("a bug");
    };
    plane.deps = {
      ...plane.deps,
      descriptorOf: (action) => {
        const real = descriptorOf(action);
        return real?.keyUse && { ...real, keyUse: { ...real.keyUse, lookAt } };
      },
    };
    assert.equal(refused(await plane.ask(ITEM)).code, "INTERNAL_FAULT");
    assert.equal(plane.sts.executions.length, 0);
  });
});
