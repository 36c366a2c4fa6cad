import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Digest } from "../../lib/encoding/digest.ts";
import type { Answer } from "../../lib/enforcement/answer.ts";
import type { CommandAnswer } from "../../lib/enforcement/commands/command.ts";
import type { DelegateAnswer } from "../../lib/enforcement/delegate.ts";
import type { BlockTree } from "../../lib/evidence/block-tree.ts";
import { contractView } from "../../lib/evidence/intent-state.ts";
import {
  DELEGABLE,
  delegated,
  digestOf,
  handOn,
  handOnEvent,
  withdrawEvent,
  withdrawn,
} from "../support/delegating.ts";
import type { Dependency } from "../support/faults.ts";
import type { Governed, Mutation } from "../support/governed.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";
import { type PlayedCourses, playEvery, playOne } from "../support/schedule/courses.ts";

/*
 * Authority is handed on, taken back and used at once. Two functions are played in every schedule in which one is stopped
 * for the other at most so often, by the real code in memory; many at once in an order by chance that is the same again.
 */

interface Begun {
  readonly plane: Plane;
  readonly governed: Governed;
}

async function begun(): Promise<Begun> {
  const plane = await newPlane();
  return { plane, governed: plane.contract(DELEGABLE) };
}

const treeOf = ({ plane, governed }: Begun): BlockTree =>
  contractView(plane.state(governed.chainId), governed.contractDigest).tree;

const countOf = ({ plane, governed }: Begun, type: string): number =>
  plane.types(governed.chainId).filter((each) => each === type).length;

const codeOf = (answer: Answer | DelegateAnswer | CommandAnswer | undefined): string | undefined =>
  answer?.ok === false ? answer.code : undefined;

/** Two hand-overs of one place: one is a block, the other is told that it came too late, and signed nothing that counts. */
function judgeTwo(on: Begun, { said }: PlayedCourses<DelegateAnswer>, blocksBefore: number): void {
  const answers = Object.values(said);
  assert.equal(answers.length, 2);
  const won = answers.filter(({ ok }) => ok);
  const lost = answers.filter(({ ok }) => !ok);
  assert.deepEqual([won.length, codeOf(lost[0])], [1, "HEAD_SUPERSEDED"], JSON.stringify(said));
  const { blocks } = treeOf(on);
  assert.equal(blocks.size, blocksBefore + 1);
  const [first] = won;
  assert.ok(first !== undefined);
  assert.ok(blocks.has(delegated(first).block.digest));
  assert.equal(countOf(on, "DelegationGranted"), blocksBefore + 1);
}

/** A use beside what takes it away: it comes before and has its one effect, or is refused and has none. */
interface Beside {
  readonly first: { used: number; refused: number; between: number };
  /** Of those that were refused, before anything was issued, and between the barriers. */
  readonly codes: { refused: Set<string>; between: Set<string> };
}

function judgeUse(
  { plane, governed }: Begun,
  { said, steps }: PlayedCourses<Answer | DelegateAnswer | CommandAnswer>,
  { ends, seen }: { readonly ends: string; readonly seen: Beside },
): void {
  const types = plane.types(governed.chainId);
  const { use, end } = said;
  assert.ok(end?.ok, JSON.stringify(end));
  const at = types.lastIndexOf(ends);
  assert.ok(at >= 0);
  // What came first wins: nothing is issued or begun behind the record that took it away.
  for (const type of ["IdentityIssued", "ExecutionStarted"]) {
    assert.ok(types.lastIndexOf(type) < at, `${type} behind ${ends}: ${types.join(" ")}`);
  }
  const calls = steps.filter(({ at: dependency }) => dependency === "target:call").length;
  assert.equal(calls, types.filter((type) => type === "ExecutionStarted").length);
  if (use?.ok) {
    assert.equal(calls, 1);
    seen.first.used += 1;
    return;
  }
  assert.equal(calls, 0);
  const when = types.includes("IdentityIssued") ? "between" : "refused";
  seen.codes[when].add(String(codeOf(use)));
  seen.first[when] += 1;
}

const seenNothing = (): Beside => ({
  first: { used: 0, refused: 0, between: 0 },
  codes: { refused: new Set(), between: new Set() },
});

/** Each came about, and each that was refused was refused for this. */
function assertSeen({ first, codes }: Beside, refused: string, between: string): void {
  for (const count of Object.values(first)) assert.ok(count > 0, JSON.stringify(first));
  assert.deepEqual([[...codes.refused], [...codes.between]], [[refused], [between]]);
}

/** A use of a block, or of the contract when there is no chain. */
const useOf = (chain: readonly string[], by: "agent" | "refunds"): Mutation => ({
  request: {
    signedBy: by,
    set: {
      ...(chain.length > 0 && { "/chainDigest": digestOf(chain.at(-1)) }),
      "/operation/parameters/percent": 1,
    },
  },
  event: { set: chain.length > 0 ? { "/chain": chain } : {} },
});

suite("races of delegations: two hand-overs at once", () => {
  test("POC-20 the contract handed on twice at once, in every schedule with two preemptions: one block", async (t) => {
    const on = await begun();
    const { plane, governed } = on;
    const events = (["ledger", "refunds"] as const).map((to) =>
      handOnEvent(plane, governed, { to }),
    );
    const played = await playEvery<DelegateAnswer>(
      plane,
      {
        one: (deps) => plane.delegate(events[0], deps),
        other: (deps) => plane.delegate(events[1], deps),
      },
      { most: 2, judge: (each) => judgeTwo(on, each, 0) },
    );
    assert.ok(played > 10, `${played}`);
    t.diagnostic(`${played} schedules`);
  });

  test("POC-20 a block handed on twice at once, in every schedule with two preemptions: one block", async (t) => {
    const on = await begun();
    const { plane, governed } = on;
    const { chain } = await handOn(plane, governed);
    const events = (["ledger", "otherAgent"] as const).map((to) =>
      handOnEvent(plane, governed, { chain, to }),
    );
    const played = await playEvery<DelegateAnswer>(
      plane,
      {
        one: (deps) => plane.delegate(events[0], deps),
        other: (deps) => plane.delegate(events[1], deps),
      },
      { most: 2, judge: (each) => judgeTwo(on, each, 1) },
    );
    assert.ok(played > 10, `${played}`);
    t.diagnostic(`${played} schedules`);
  });
});

suite("races of delegations: branches", () => {
  test("POC-20 POC-19 two branches that begin at once, in every schedule with two preemptions: both, under one root", async (t) => {
    const on = await begun();
    const { plane, governed } = on;
    const request = { set: { "/retain": true } };
    const events = (["ledger", "refunds"] as const).map((to) =>
      handOnEvent(plane, governed, { to, request }),
    );
    const played = await playEvery<DelegateAnswer>(
      plane,
      {
        one: (deps) => plane.delegate(events[0], deps),
        other: (deps) => plane.delegate(events[1], deps),
      },
      {
        most: 2,
        judge: ({ said }) => {
          const roots = Object.values(said).map((each) => delegated(each).chain[0]);
          assert.deepEqual([roots.length, new Set(roots).size], [2, 1]);
          const tree = treeOf(on);
          assert.deepEqual([tree.roots.size, tree.blocks.size], [1, 2]);
          assert.equal(tree.top.handedOn, false);
        },
      },
    );
    t.diagnostic(`${played} schedules`);
  });
});

suite("races of delegations: a use beside what takes it away", () => {
  test("POC-20 POC-28 `issue` beside the hand-over of its contract: it is done before, or not at all, also between the barriers", async (t) => {
    const on = await begun();
    const { plane, governed } = on;
    const use = plane.event(governed, useOf([], "agent"));
    const away = handOnEvent(plane, governed);
    const seen = seenNothing();
    const played = await playEvery<Answer | DelegateAnswer>(
      plane,
      { use: (deps) => plane.issue(use, deps), end: (deps) => plane.delegate(away, deps) },
      { most: 2, judge: (each) => judgeUse(on, each, { ends: "DelegationGranted", seen }) },
    );
    t.diagnostic(`${played} schedules, ${JSON.stringify(seen.first)}`);
    assertSeen(seen, "HEAD_SUPERSEDED", "HEAD_SUPERSEDED");
  });

  test("POC-20 POC-28 `issue` under a block beside its hand-over: it is done before, or not at all, also between the barriers", async (t) => {
    const on = await begun();
    const { plane, governed } = on;
    const { chain } = await handOn(plane, governed);
    const use = plane.event(governed, useOf(chain, "refunds"));
    const away = handOnEvent(plane, governed, { chain, to: "ledger" });
    const seen = seenNothing();
    const played = await playEvery<Answer | DelegateAnswer>(
      plane,
      { use: (deps) => plane.issue(use, deps), end: (deps) => plane.delegate(away, deps) },
      { most: 2, judge: (each) => judgeUse(on, each, { ends: "DelegationGranted", seen }) },
    );
    t.diagnostic(`${played} schedules, ${JSON.stringify(seen.first)}`);
    assertSeen(seen, "HEAD_SUPERSEDED", "HEAD_SUPERSEDED");
  });

  test("POC-28 ADV-57 `issue` under a block beside its withdrawal: it is done before, or not at all, also between the barriers", async (t) => {
    const on = await begun();
    const { plane, governed } = on;
    const { chain, block } = await handOn(plane, governed);
    const use = plane.event(governed, useOf(chain, "refunds"));
    const away = withdrawEvent(plane, governed, { block: block.digest });
    const seen = seenNothing();
    const played = await playEvery<Answer | DelegateAnswer>(
      plane,
      { use: (deps) => plane.issue(use, deps), end: (deps) => plane.delegate(away, deps) },
      { most: 2, judge: (each) => judgeUse(on, each, { ends: "DelegationRevoked", seen }) },
    );
    t.diagnostic(`${played} schedules, ${JSON.stringify(seen.first)}`);
    assertSeen(seen, "CHAIN_BLOCK_REVOKED", "IDENTITY_REVOKED");
  });
});

suite("races of delegations: a handle, and a withdrawal", () => {
  for (const kind of ["hand-over", "withdrawal"] as const) {
    test(`POC-20 POC-28 a handle redeemed beside the ${kind} of its block: it is done before, or not at all`, async (t) => {
      const on = await begun();
      const { plane, governed } = on;
      const { chain, block } = await handOn(plane, governed);
      const { request, event } = useOf(chain, "refunds");
      const set = { ...request?.set, "/delivery": "handle" };
      const asked = { request: { ...request, set }, ...(event && { event }) };
      const { handle } = await plane.grant(asked, governed);
      const use = plane.redemption(governed, handle, useOf(chain, "refunds"));
      const away =
        kind === "withdrawal"
          ? withdrawEvent(plane, governed, { block: block.digest })
          : handOnEvent(plane, governed, { chain, to: "ledger" });
      const ends = kind === "withdrawal" ? "DelegationRevoked" : "DelegationGranted";
      const seen = seenNothing();
      const played = await playEvery<Answer | DelegateAnswer>(
        plane,
        { use: (deps) => plane.execute(use, deps), end: (deps) => plane.delegate(away, deps) },
        { most: 2, judge: (each) => judgeUse(on, each, { ends, seen }) },
      );
      t.diagnostic(`${played} schedules, ${JSON.stringify(seen.first)}`);
      assert.ok(seen.first.used > 0 && seen.first.between > 0, JSON.stringify(seen));
      const code = kind === "withdrawal" ? "IDENTITY_REVOKED" : "HEAD_SUPERSEDED";
      assert.deepEqual([...seen.codes.between], [code]);
    });
  }

  test("POC-28 POC-20 a block handed on while it is withdrawn: whatever came of it, nothing below lives", async (t) => {
    const on = await begun();
    const { plane, governed } = on;
    const { chain, block } = await handOn(plane, governed);
    const further = handOnEvent(plane, governed, { chain, to: "ledger" });
    const away = withdrawEvent(plane, governed, { block: block.digest });
    const seen = new Set<string>();
    const played = await playEvery<DelegateAnswer>(
      plane,
      {
        further: (deps) => plane.delegate(further, deps),
        away: (deps) => plane.delegate(away, deps),
      },
      {
        most: 2,
        judge: ({ said }) => {
          assert.ok(said["away"]?.ok, JSON.stringify(said["away"]));
          seen.add(codeOf(said["further"]) ?? "granted");
          for (const { ended } of treeOf(on).blocks.values()) assert.ok(ended !== undefined);
        },
      },
    );
    t.diagnostic(`${played} schedules`);
    assert.deepEqual([...seen].sort(), ["CHAIN_BLOCK_REVOKED", "granted"]);
  });
});

suite("races of delegations: an operator ends a block", () => {
  /** The mark is committed before the record: what has not begun by then never begins. */
  const ordered = ({ plane, governed }: Begun, block: Digest) => ({
    command: plane.command({
      ...{ do: "revokeDelegation", contractDigest: governed.contractDigest },
      block,
    }),
  });

  test("POC-28 ADV-57 `issue` under a block beside revokeDelegation: it is done before, or not at all, also between the barriers", async (t) => {
    const on = await begun();
    const { plane, governed } = on;
    const { chain, block } = await handOn(plane, governed);
    const use = plane.event(governed, useOf(chain, "refunds"));
    const order = ordered(on, block.digest);
    const seen = seenNothing();
    const played = await playEvery<Answer | CommandAnswer>(
      plane,
      { use: (deps) => plane.issue(use, deps), end: (deps) => plane.revoke(order, deps) },
      { most: 2, judge: (each) => judgeUse(on, each, { ends: "DelegationRevoked", seen }) },
    );
    t.diagnostic(`${played} schedules, ${JSON.stringify(seen.first)}`);
    assertSeen(seen, "CHAIN_BLOCK_REVOKED", "IDENTITY_REVOKED");
  });

  test("POC-28 POC-20 a block handed on while revokeDelegation ends it: whatever came of it, nothing below lives", async (t) => {
    const on = await begun();
    const { plane, governed } = on;
    const { chain, block } = await handOn(plane, governed);
    const further = handOnEvent(plane, governed, { chain, to: "ledger" });
    const order = ordered(on, block.digest);
    const seen = new Set<string>();
    const played = await playEvery<DelegateAnswer | CommandAnswer>(
      plane,
      {
        further: (deps) => plane.delegate(further, deps),
        away: (deps) => plane.revoke(order, deps),
      },
      {
        most: 2,
        judge: ({ said }) => {
          assert.ok(said["away"]?.ok, JSON.stringify(said["away"]));
          const answer = said["further"];
          seen.add(answer?.ok === false ? answer.code : "granted");
          for (const { ended } of treeOf(on).blocks.values()) assert.ok(ended !== undefined);
        },
      },
    );
    t.diagnostic(`${played} schedules`);
    assert.deepEqual([...seen].sort(), ["CHAIN_BLOCK_REVOKED", "granted"]);
  });
});

suite("races of delegations: the same again", () => {
  for (const seed of [1, 2, 3]) {
    test(`POC-20 POC-A10 thirty times the same at once is one block, and everybody is told of it (seed ${seed})`, async () => {
      const on = await begun();
      const { plane, governed } = on;
      const event = handOnEvent(plane, governed);
      const names = Array.from({ length: 30 }, (_, index) => `course-${index}`);
      const { said } = await playOne<DelegateAnswer>(
        plane,
        Object.fromEntries(
          names.map((name) => [name, (deps) => plane.delegate(structuredClone(event), deps)]),
        ),
        seed,
      );
      const answers = names.map((name) => delegated(said[name] as DelegateAnswer));
      assert.equal(answers.filter(({ deduplicated }) => !deduplicated).length, 1);
      const chains = new Set(answers.map(({ chain }) => chain.join(" ")));
      assert.equal(chains.size, 1);
      const { blocks, roots } = treeOf(on);
      assert.deepEqual([blocks.size, roots.size], [1, 1]);
      assert.equal(countOf(on, "DelegationGranted"), 1);
    });
  }

  /** Where a function can end after it was asked to hand on, and whether that call was made. */
  const DEATHS: readonly (readonly [Dependency, boolean])[] = [
    ["planeSigner:sign", true],
    ["signer:sign", true],
    ["evidence:write", false],
    ["evidence:write", true],
  ];
  for (const [at, applied] of DEATHS) {
    const when = `${at} ${applied ? "made" : "not made"}`;
    test(`POC-A10 a delegation whose function ended (${when}): asked again it is one block, before and after the head moved`, async () => {
      const on = await begun();
      const { plane, governed } = on;
      const event = handOnEvent(plane, governed);
      const dead = plane.faults.death({ at, from: 1, applied });
      void plane.delegate(event, plane.process());
      await dead;
      plane.faults.clear();
      const isDurable = at === "evidence:write" && applied;
      const again = delegated(await plane.delegate(event));
      assert.equal(again.deduplicated, isDurable);
      assert.equal(treeOf(on).blocks.size, 1);
      const next = await handOn(plane, governed, { chain: again.chain, to: "ledger" });
      assert.deepEqual(delegated(await plane.delegate(event)), { ...again, deduplicated: true });
      assert.deepEqual([...treeOf(on).blocks.keys()], [again.block.digest, next.block.digest]);
      // The answer gives back what was handed on, and no authority with it.
      const used = refused(await plane.ask(useOf(again.chain, "refunds"), governed));
      assert.equal(used.code, "HEAD_SUPERSEDED");
      assert.equal(plane.targets.calls.length, 0);
    });
  }

  for (const applied of [false, true]) {
    test(`POC-28 a withdrawal whose function ended (evidence:write ${applied ? "made" : "not made"}): asked again it ends the same, once`, async () => {
      const on = await begun();
      const { plane, governed } = on;
      const { chain, block } = await handOn(plane, governed);
      const event = withdrawEvent(plane, governed, { block: block.digest });
      const dead = plane.faults.death({ at: "evidence:write", from: 1, applied });
      void plane.delegate(event, plane.process());
      await dead;
      plane.faults.clear();
      const again = withdrawn(await plane.delegate(event));
      assert.deepEqual([again.ended, again.deduplicated], [[block.digest], applied]);
      assert.equal(countOf(on, "DelegationRevoked"), 1);
      const used = refused(await plane.ask(useOf(chain, "refunds"), governed));
      assert.equal(used.code, "CHAIN_BLOCK_REVOKED");
      assert.equal(plane.targets.calls.length, 0);
    });
  }

  test("POC-20 POC-A10 a lost delegation asked again while its block is handed on, in every schedule with two preemptions", async (t) => {
    const on = await begun();
    const { plane, governed } = on;
    const event = handOnEvent(plane, governed);
    const first = delegated(await plane.delegate(event));
    const further = handOnEvent(plane, governed, { chain: first.chain, to: "ledger" });
    const played = await playEvery<DelegateAnswer>(
      plane,
      {
        again: (deps) => plane.delegate(event, deps),
        further: (deps) => plane.delegate(further, deps),
      },
      {
        most: 2,
        judge: ({ said }) => {
          assert.deepEqual(said["again"], { ...first, deduplicated: true });
          assert.ok(said["further"]?.ok, JSON.stringify(said["further"]));
          assert.equal(treeOf(on).blocks.size, 2);
        },
      },
    );
    t.diagnostic(`${played} schedules`);
  });
});
