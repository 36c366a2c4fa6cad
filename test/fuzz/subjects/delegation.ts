import { parseBlock } from "../../../lib/continuity/block.ts";
import { parseContract } from "../../../lib/contract/contract.ts";
import { delegationOf } from "../../../lib/contract/delegation.ts";
import type { Step } from "../../../lib/contract/step.ts";
import { canonicalize } from "../../../lib/encoding/canonical-json.ts";
import { isRefusal } from "../../../lib/refusal.ts";
import { trustedThumbprints } from "../../../lib/trust/policy.ts";
import { DELEGABLE, digestOf, handOnEvent, withdrawEvent } from "../../support/delegating.ts";
import type { Governed } from "../../support/governed.ts";
import { KEYS, type KeyName } from "../../support/keys.ts";
import { changed } from "../../support/mutate.ts";
import { PLANE } from "../../support/trust.ts";
import type { Dice } from "../dice.ts";
import type { Ground } from "../ground.ts";
import { delegationNarrowsPlainly, stepNarrowsPlainly } from "../naive-narrowing.ts";
import { firstUnmet, plainJws } from "../plain.ts";
import { claimsOf, mutatedSigned, type Signed } from "../signed.ts";
import type { Asked, Subject } from "./subject.ts";

/** From where is handed on: a contract that nobody has seen, or a block that is on record. */
interface From {
  readonly governed: Governed;
  readonly chain: readonly string[];
  readonly holder: KeyName;
}

const fromOf = ({ plane, handedOn }: Ground, dice: Dice): From =>
  dice.hits(2)
    ? { governed: plane.contract(DELEGABLE), chain: [], holder: "agent" }
    : { ...handedOn, holder: "refunds" };

/** The event with its request replaced by a mutant of it. */
function mutated(event: unknown, signer: KeyName, { others }: Ground, dice: Dice) {
  const { request } = event as { readonly request: string };
  const good: Signed = { typ: "vai-request+jwt", claims: claimsOf(request), signer };
  const mutant = mutatedSigned(good, dice, others);
  return { event: { ...(event as object), request: mutant }, mutant };
}

export const delegation: Subject = {
  about: "requests that hand on: a block says what its holder signed, and is no wider than held",
  ask(ground, dice): Asked {
    const from = fromOf(ground, dice);
    const { governed, chain, holder } = from;
    const good = handOnEvent(ground.plane, governed, { chain, by: holder, to: "ledger" });
    const { event, mutant } = mutated(good, holder, ground, dice);
    const undeserved = (answer: object) => undeservedBlock(ground, from, mutant, answer);
    return { to: "delegate", event, undeserved };
  },
};

interface Handing {
  readonly use: string;
  readonly aud: string;
  readonly audience: string;
  readonly iat: number;
  readonly contractDigest: string;
  readonly chainDigest?: string;
  readonly designate: { readonly jkt?: string; readonly agent?: string };
  readonly authorization_details: readonly Step[];
  readonly deliveries: readonly string[];
  readonly exp: number;
  readonly delegation: Parameters<typeof delegationNarrowsPlainly>[0];
  readonly retain: boolean;
}

/** What is held, as it was made here. */
function heldOf({ governed, chain }: From) {
  const claims = chain.length === 0 ? parseContract(governed.contract) : parseBlock(chain.at(-1));
  if (isRefusal(claims)) throw new Error(claims.detail);
  return { ...claims, delegation: delegationOf(claims), depth: Math.max(0, chain.length - 1) };
}

/** Once more, by hand (PROTOCOL.md §4 and §8). */
function undeservedBlock(
  { plane }: Ground,
  from: From,
  mutant: unknown,
  answer: object,
): string | undefined {
  const read = plainJws(mutant, "vai-request+jwt", [from.holder]);
  if (read === undefined) return "its holder has not signed it";
  const asked = read.claims as unknown as Handing;
  const held = heldOf(from);
  const now = Math.floor(plane.world.now / 1000);
  const { chain = [] } = answer as { readonly chain?: readonly string[] };
  const block = claimsOf(chain.at(-1)) as unknown as Handing & {
    readonly cnf: { readonly jkt: string };
  };
  const saysSo = (name: keyof Handing) =>
    canonicalize(block[name] ?? null) === canonicalize(asked[name] ?? null);
  const isWithin = (child: readonly string[], parent: readonly string[]) =>
    child.every((each) => parent.includes(each));
  return firstUnmet({
    "it hands on": asked.use === "delegate",
    "it is for this plane": asked.aud === PLANE && asked.audience === PLANE,
    "it is fresh": Math.abs(asked.iat - now) <= 60,
    "it is of this contract": asked.contractDigest === from.governed.contractDigest,
    "it is of this place":
      from.chain.length === 0
        ? asked.chainDigest === undefined
        : asked.chainDigest === digestOf(from.chain.at(-1)),
    "its block goes on from there":
      from.chain.length === 0
        ? chain.length === 2
        : canonicalize(chain.slice(0, -1)) === canonicalize(from.chain),
    "its block says the same": (
      ["authorization_details", "deliveries", "exp", "delegation", "retain"] as const
    ).every(saysSo),
    "its block designates the same": asked.designate.jkt === block.cnf.jkt,
    "no key of governance may act": !trustedThumbprints(plane.policy).has(block.cnf.jkt),
    "its steps are those that are held, and no wider": asked.authorization_details.every((step) =>
      held.authorization_details.some(
        (each) => each.id === step.id && stepNarrowsPlainly(step, each),
      ),
    ),
    "its steps are some": asked.authorization_details.length > 0,
    "its deliveries are held": isWithin(asked.deliveries, held.deliveries),
    "it is not over, and no longer": now < asked.exp && asked.exp <= held.exp,
    "it hands on no more": delegationNarrowsPlainly(asked.delegation, held.delegation),
    "it keeps only what it may": !asked.retain || held.delegation.retain,
    "it is not too deep": held.depth < held.delegation.maxDepth,
  });
}

export const withdrawal: Subject = {
  about: "requests that take back: a block is ended by who stands above it, and by nobody else",
  ask(ground, dice): Asked {
    const { plane, handedOn } = ground;
    const block = digestOf(handedOn.chain.at(-1));
    const good = withdrawEvent(plane, handedOn.governed, { block });
    const { event, mutant } = mutated(good, "agent", ground, dice);
    return {
      ...{ to: "delegate", event },
      undeserved: () => {
        const read = plainJws(mutant, "vai-request+jwt", ["agent"]);
        const claims = read?.claims ?? {};
        const now = Math.floor(plane.world.now / 1000);
        return firstUnmet({
          "it takes back": claims["use"] === "withdraw" && claims["aud"] === PLANE,
          "it is fresh": Math.abs(Number(claims["iat"]) - now) <= 60,
          "it is of this contract": claims["contractDigest"] === handedOn.governed.contractDigest,
          "it is of the contract's place": claims["chainDigest"] === undefined,
          "it names the block": claims["block"] === block,
        });
      },
    };
  },
};

const inputOf = (jws: unknown): string =>
  typeof jws === "string" ? jws.slice(0, jws.lastIndexOf(".")) : "";

/** What stands where a chain should: one block of it a mutant, or the list another one. */
function mutatedChain({ handedOn, others }: Ground, dice: Dice): readonly unknown[] {
  const { chain } = handedOn;
  const at = dice.roll(chain.length);
  const ways: readonly (() => readonly unknown[])[] = [
    () => chain.toReversed(),
    () => chain.slice(0, at),
    () => chain.slice(at),
    () => chain.toSpliced(at, 0, chain[at] ?? ""),
    () => [...chain, dice.pick(others.objects)],
    () => chain.with(at, dice.pick(others.objects)),
    () => [chain as unknown],
  ];
  if (dice.hits(5)) return dice.pick(ways)();
  // Half of them by the plane's own key, as its thief would.
  const good: Signed = { typ: "vai-block+jwt", claims: claimsOf(chain[at]), signer: "plane" };
  return (chain as readonly unknown[]).with(at, mutatedSigned(good, dice, others));
}

export const chained: Subject = {
  about: "chains beside a request: what is used is the very blocks that are on record",
  ask(ground, dice): Asked {
    const { plane, handedOn } = ground;
    const { governed, chain } = handedOn;
    const mutant = mutatedChain(ground, dice);
    const last = mutant.at(-1);
    const request = {
      signedBy: "refunds" as const,
      set: {
        "/operation/parameters/percent": 1,
        // Now and then it names what is on record, whatever is presented.
        "/chainDigest": digestOf(dice.hits(8) ? chain.at(-1) : last),
      },
    };
    const event = changed(
      plane.event(governed, { ...DELEGABLE, request }),
      { set: { "/chain": mutant } },
      plane.world.now,
    );
    return {
      ...{ to: "issue", event },
      undeserved: () =>
        firstUnmet({
          "its blocks are those on record":
            canonicalize(mutant.map(inputOf)) === canonicalize(chain.map(inputOf)),
          "each is the plane's": mutant.every((each) => plainJws(each, "vai-block+jwt", ["plane"])),
          "their executor asked": KEYS.refunds.thumbprint === chainHolder(chain),
        }),
    };
  },
};

const chainHolder = (chain: readonly string[]): unknown =>
  (claimsOf(chain.at(-1))["cnf"] as { readonly jkt: unknown }).jkt;
