import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { suite, test } from "node:test";
import type { IdentityStory } from "../../lib/audit/identity.ts";
import { CREDENTIALS, HANDLE } from "../support/deliveries.ts";
import type { Mutation } from "../support/governed.ts";
import { KEYS } from "../support/keys.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import type { Plane } from "../support/plane.ts";
import { type Desk, desk, type Ran } from "./support/plane-endpoint.ts";

/** What evidence answers about one identity, in sentences and as JSON. */

/** Does something with a plane. @returns the chain of it. */
type Course = (plane: Plane) => Promise<string>;

const asked =
  (mutation: Mutation = {}): Course =>
  async (plane) => {
    const governed = plane.contract(mutation);
    await plane.ask(mutation, governed);
    return governed.chainId;
  };

const died: Course = async (plane) => {
  const governed = plane.contract();
  const death = plane.faults.death({ at: "target:call" });
  void plane.ask({}, governed);
  await death;
  plane.faults.clear();
  plane.world.pass(600);
  await plane.sweep();
  return governed.chainId;
};

/** Delivered credentials that an operator ends; IAM hears of it or refuses. */
const revoked =
  (isReached: boolean): Course =>
  async (plane) => {
    const governed = plane.contract(CREDENTIALS);
    const { identity } = await plane.grant(CREDENTIALS, governed);
    if (!isReached) plane.faults.plan({ at: "iam:write", how: "denied" });
    const { identityId } = identity;
    await plane.revoke({ command: plane.command({ do: "revokeIdentity", identityId }) });
    return governed.chainId;
  };

/** Each state that an identity can end in, and those that it can be in before. */
const IDENTITIES: Readonly<Record<string, Course>> = {
  completed: asked(),
  failed: (plane) => {
    const error = { name: "AccessDeniedException", kind: "denied" } as const;
    plane.targets.instead = () => ({ status: "failed", error });
    return asked()(plane);
  },
  incomplete: died,
  expired: async (plane) => {
    const chainId = await asked(HANDLE)(plane);
    plane.world.pass(901);
    await plane.sweep();
    return chainId;
  },
  revoked: revoked(true),
  "revoked-unreached": revoked(false),
  violated: async (plane) => {
    const governed = plane.contract(HANDLE);
    const { handle } = await plane.grant(HANDLE, governed);
    const beyond = { request: { set: { "/operation/parameters/percent": 100 } } };
    await plane.execute(plane.redemption(governed, handle, beyond));
    return governed.chainId;
  },
  "not-issued": (plane) => {
    plane.faults.plan({ at: "sts", how: "denied" });
    return asked()(plane);
  },
  waiting: asked(HANDLE),
  delivered: asked(CREDENTIALS),
};

/** Chains as a whole: one that completed, and one that was refused before anything was issued. */
const CHAINS: Readonly<Record<string, Course>> = {
  "chain-completed": asked(),
  "chain-denied": asked({ request: { set: { "/operation/parameters/percent": 100 } } }),
};

const here = new URL("told/", import.meta.url);
/** `VAI_WRITE_GOLDEN=1` writes them anew: the difference is what a reviewer reads. */
const isWriting = process.env["VAI_WRITE_GOLDEN"] === "1";

/** A record holds signatures, so that its hash differs from run to run; all else is the same. */
const settled = (text: string): string => text.replaceAll(/head sha256:[0-9a-f]{64}/g, "head …");

function assertTold(name: string, { code, out, err }: Ran): void {
  assert.equal(code, 0, err);
  const file = new URL(`${name}.txt`, here);
  if (isWriting) writeFileSync(file, `${settled(out)}\n`);
  assert.equal(`${settled(out)}\n`, readFileSync(file, "utf8"));
}

async function told(t: Parameters<typeof desk>[0]) {
  const found = await desk(t, { isGolden: true });
  const anchor = found.file("anchor.json");
  writeFileSync(anchor, JSON.stringify(KEYS.anchor.jwk));
  const vai = (...args: readonly string[]) => found.vai([...args, "--anchor-key", anchor]);
  return { ...found, vai };
}

const identityOn = ({ plane }: Pick<Desk, "plane">, chainId: string): string => {
  const [id] = plane.records(chainId).flatMap(({ identity }) => identity?.id ?? []);
  assert.ok(id);
  return id;
};

suite("vai identity", () => {
  for (const [name, course] of Object.entries(IDENTITIES)) {
    test(`VAI-128 VAI-130 tells of an identity that is ${name}: its reason, contract, limits, use, end and failures`, async (t) => {
      const found = await told(t);
      const id = identityOn(found, await course(found.plane));
      assertTold(name, await found.vai("identity", id));
    });
  }

  for (const [name, course] of Object.entries(CHAINS)) {
    test(`VAI-130 vai trace tells a ${name} in plain language`, async (t) => {
      const found = await told(t);
      const chainId = await course(found.plane);
      assertTold(name, await found.vai("trace", chainId));
    });
  }

  test("VAI-130 no text is left over", () => {
    const names = [...Object.keys(IDENTITIES), ...Object.keys(CHAINS)];
    assert.deepEqual(readdirSync(here).sort(), names.map((name) => `${name}.txt`).sort());
  });

  test("VAI-128 as JSON it has the six answers as members, and how the evidence was judged", async (t) => {
    const found = await told(t);
    const chainId = await revoked(true)(found.plane);
    const id = identityOn(found, chainId);
    const { code, out } = await found.vai("identity", id, "--json");
    assert.equal(code, 0);
    const story: IdentityStory = JSON.parse(out);
    assert.deepEqual(Object.keys(story).sort(), [
      ...["chainId", "contract", "end", "failures", "identityId", "integrity", "intentId"],
      ...["limits", "reason", "uses"],
    ]);
    assert.deepEqual([story.identityId, story.chainId], [id, chainId]);
    assert.deepEqual([story.integrity.trusted, story.integrity.firstDefect], [true, null]);
  });

  test("VAI-128 the same out of an export, without AWS", async (t) => {
    const found = await told(t);
    const id = identityOn(found, await asked(HANDLE)(found.plane));
    const { out } = await found.vai("identity", id, "--json");
    assert.equal((await found.vai("export", found.file("export"))).code, 0);
    const from = ["--from", found.file("export"), "--json"];
    const anchored = await found.vai("identity", id, ...from, "--anchor", KEYS.anchor.thumbprint);
    assert.equal(anchored.code, 0, anchored.err);
    assert.deepEqual(JSON.parse(anchored.out), JSON.parse(out));
    const untrusted = await found.vai("identity", id, ...from);
    assert.equal(untrusted.code, 3);
    const unknown = await found.vai("identity", "nobody", ...from);
    assert.deepEqual([unknown.code, unknown.out], [1, ""]);
  });

  test("VAI-128 an id that nothing speaks of is told as such, with what to do", async (t) => {
    const found = await told(t);
    await asked()(found.plane);
    const { code, out, err } = await found.vai("identity", "0198c7d2-dead");
    assert.deepEqual([code, out], [1, ""]);
    assert.match(err, /no evidence speaks of the identity 0198c7d2-dead: is the id right/);
    assert.match(err, /issued just now is found some seconds later; .*vai trace INTENT/);
  });

  test("VAI-128 ADV-36 rows that an index is made to name tell nothing, and State is not asked", async (t) => {
    const found = await told(t);
    const { plane } = found;
    plane.isWhole = false;
    const chainId = await asked()(plane);
    const other = await asked(HANDLE)(plane);
    const id = identityOn(found, chainId);
    const evidence = plane.dynamo.table(TABLES.evidence);
    const [row] = [...evidence.values()].filter((item) => item["chainId"] === other);
    assert.ok(row);
    row["identityId"] = id;
    plane.dynamo.table(TABLES.state).clear();
    const answer = await found.vai("identity", id, "--json");
    assert.equal(answer.code, 0, answer.err);
    assert.equal(JSON.parse(answer.out).chainId, chainId);
    for (const item of evidence.values()) {
      if (item["chainId"] === chainId) item["identityId"] = "another";
    }
    assert.equal((await found.vai("identity", id)).code, 1, "nothing of the other chain is told");
  });

  test("VAI-128 a chain that does not hold is told as a defect, in place of an answer", async (t) => {
    const found = await told(t);
    const { plane } = found;
    plane.isWhole = false;
    const chainId = await asked()(plane);
    const id = identityOn(found, chainId);
    const rows = [...plane.dynamo.table(TABLES.evidence)];
    for (const [key, row] of rows) {
      if (row["chainId"] === chainId && Number(row["seq"]) < 3) {
        plane.dynamo.table(TABLES.evidence).delete(key);
      }
    }
    const { code, out, err } = await found.vai("identity", id);
    assert.equal(code, 1);
    assert.match(`${out}${err}`, new RegExp(`${chainId} record 1 is missing`));
  });
});
