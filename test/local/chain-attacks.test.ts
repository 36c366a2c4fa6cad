import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import { jwkThumbprint } from "../../lib/encoding/jwk.ts";
import type { KeyPort } from "../../lib/encoding/jws.ts";
import { CONTINUABLE } from "../support/continued.ts";
import { HANDED, type UseAttack, UsePlay } from "../support/continued-play.ts";
import { DELEGABLE } from "../support/delegating.ts";
import { type DelegateAttack, DelegatePlay } from "../support/delegating-play.ts";
import type { Expected } from "../support/judge-refusal.ts";
import { keyOf } from "../support/local/contracts.ts";
import { type Asking, refusedWithout } from "../support/local/effectless.ts";
import { Ground } from "../support/local/ground.ts";
import { localPlane } from "../support/local/plane.ts";
import { stolenPlaneKey } from "../support/local/plane-key.ts";
import { forgetRefusals, resetRouting } from "../support/local/targets.ts";
import { DeployedUse } from "../support/local/use-ground.ts";
import { resolved } from "../support/mutate.ts";

/*
 * The attacks of `test/continuity/uses` and `test/continuity/hand-overs` once more, against the deployed functions behind
 * IAM: the same code, stage, pointer and records, and nothing that came of it.
 */

const SWEPT = "whether the handle or sweep, which the order wakes, comes first is nobody's to say";

/** Attacks that only a plane in memory can be put before, each with its reason. */
const IN_MEMORY_ALONE: Readonly<Record<string, string>> = {
  "uses/article/a16-key-revoked": "the key of a deployed plane is there for every test",
  "uses/article/a24-block-that-ended": "the clock of a deployed function cannot be moved",
  "uses/article/a3-replayed-late": "the clock of a deployed function cannot be moved",
  "uses/designation/contracts-actor-that-is-halted": "halting it ends what all other tests began",
  "uses/designation/key-of-another-name": "nobody records a block that was refused",
  "uses/designation/key-of-governance": "nobody records a block that was refused",
  "uses/designation/key-of-governance-above": "nobody records a block that was refused",
  "uses/ends/contracts-actor-halted-by-its-new-name": "halting it ends what all other tests began",
  "uses/ends/contracts-actor-halted-without-a-chain": "halting it ends what all other tests began",
  "uses/ends/handle-below-an-agent-halted-by-its-new-name": SWEPT,
  "uses/ends/handle-below-an-agent-halted-by-its-old-name": SWEPT,
  "uses/ends/handle-below-the-contracts-key-revoked": SWEPT,
  "uses/ends/handle-under-a-key-that-is-revoked": SWEPT,
  "uses/ends/handle-of-a-block-that-was-ended": "a withdrawal ends the handle's identity as well",
  "hand-overs/article/a16-root-key-revoked": "the key of a deployed plane is there for every test",
  "hand-overs/article/a18-chain-added": "the clock of a deployed function cannot be moved",
  "hand-overs/article/a24-parent-has-ended": "the clock of a deployed function cannot be moved",
};

interface Case {
  readonly name: string;
  /** Before the names in it stand for what is deployed. */
  readonly text: string;
  readonly description: string;
  readonly requirements: readonly string[];
  readonly expect: Expected;
}

/** What a file says. */
type Attack = Omit<UseAttack, "attack" | "before"> & {
  readonly before?: readonly object[];
  readonly attack: object;
};

const FILES = new URL("../continuity/", import.meta.url);

const casesOf = (folder: "uses" | "hand-overs"): Case[] =>
  readdirSync(new URL(`${folder}/`, FILES), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".json"))
    .sort()
    .map((file) => {
      const text = readFileSync(new URL(`${folder}/${file}`, FILES), "utf8");
      return { ...JSON.parse(text), text, name: `${folder}/${file.replace(/\.json$/, "")}` };
    });

const CASES = [...casesOf("uses"), ...casesOf("hand-overs")];

/** How it stands before an attack: attacks change nothing, so that those that begin alike share it. */
interface Standing {
  readonly chainId: string;
  readonly asking: (attack: never) => Asking;
  /** What is changed for everybody until the attack is over. */
  readonly isSettled: boolean;
}

suite("chains at the deployed plane: attacks", () => {
  const endings: (() => unknown)[] = [];
  const standings = new Map<string, Standing>();
  let ground: Ground;
  let key: KeyPort;
  let thumbprints: ReadonlyMap<string, string>;

  before(async () => {
    const plane = await localPlane();
    ground = await Ground.of(plane);
    endings.push(
      () => resetRouting(plane),
      () => ground.undo(),
    );
    key = await stolenPlaneKey(
      { after: (end: () => unknown) => endings.push(end) } as never,
      plane,
    );
    thumbprints = new Map([
      ["$jkt.operator", keyOf(plane, "operator").thumbprint],
      ["$jkt.anchor", keyOf(plane, "anchor").thumbprint],
      ["$jkt.plane", jwkThumbprint(key.jwk)],
    ]);
  });

  after(async () => {
    for (const end of endings.reverse()) await end();
  });

  const deployed = (text: string): Attack & Pick<Case, "expect"> =>
    JSON.parse([...thumbprints].reduce((said, [from, to]) => said.replaceAll(from, to), text));

  async function useStanding(given: UseAttack): Promise<Standing> {
    const { policy, contract, root, before: acts = HANDED } = given;
    const set = { ...CONTINUABLE, ...contract?.set };
    const governed = ground.contract({ ...contract, set }, policy);
    const on = new DeployedUse(ground, governed, key, root);
    await on.forgeRoot();
    const play = new UsePlay(on);
    for (const act of acts) await play.act(act);
    const asking = (attack: UseAttack["attack"]) => () => play.send(play.sent(attack));
    return { chainId: governed.chainId, asking, isSettled: acts.every(isOwn) };
  }

  async function delegateStanding(given: DelegateAttack): Promise<Standing> {
    const { policy, contract, before: acts = [] } = given;
    const set = { ...DELEGABLE.contract?.set, ...contract?.set };
    const governed = ground.contract({ ...contract, set }, policy);
    const play = new DelegatePlay(ground, governed);
    for (const act of acts) await play.act(act);
    const asking = (attack: DelegateAttack["attack"]) => () => ground.delegate(play.event(attack));
    return { chainId: governed.chainId, asking, isSettled: acts.every(isOwn) };
  }

  const isOwn = (act: object): boolean => !("publish" in act || "order" in act);

  async function standing(folder: string, attack: Attack): Promise<Standing> {
    const { policy, contract, root, before: acts } = attack;
    const like = JSON.stringify([folder, policy, contract, root, acts]);
    const known = standings.get(like);
    await ground.settle(attack.policy);
    if (known !== undefined) return known;
    const made =
      folder === "uses" ? useStanding(attack as never) : delegateStanding(attack as never);
    const { isSettled } = await made;
    if (isSettled) standings.set(like, await made);
    return made;
  }

  for (const { name, text, description, requirements } of CASES) {
    if (IN_MEMORY_ALONE[name] !== undefined) continue;
    test(`${requirements.join(" ")} ${name}: ${description}`, async () => {
      const { plane } = ground;
      const { expect, ...attack } = deployed(text);
      const wanted = resolved(expect, 0) as Expected;
      const stands = await standing(name.split("/")[0] ?? "", attack);
      await forgetRefusals(plane);
      const asking = stands.asking(attack.attack as never);
      const { answer, written, record } = await refusedWithout(plane, stands.chainId, asking);
      const { code, stage, pointer, retryable, unlock } = answer;
      const { chain, records, spent: _, ...said } = wanted;
      assert.deepEqual(
        { code, stage, retryable, ...(pointer && { pointer }), ...(unlock && { unlock }) },
        said,
        answer.detail,
      );
      assert.deepEqual(written, chain === "intent" ? records : []);
      assert.deepEqual([record?.decision.code, record?.decision.stage], [code, stage]);
      assert.equal(record?.chain.id.startsWith("unattributed/"), chain === "unattributed");
    });
  }

  test("VAI-62 whatever is not played here is a file, and is named with its reason", () => {
    const names = new Set(CASES.map(({ name }) => name));
    for (const name of Object.keys(IN_MEMORY_ALONE)) assert.ok(names.has(name), name);
    assert.ok(CASES.length - Object.keys(IN_MEMORY_ALONE).length >= 130);
  });
});
