import { type Chain, readChain } from "../../lib/continuity/chain.ts";
import { CHAIN_CHECKS, type Continued } from "../../lib/continuity/judge.ts";
import { judgeBlockWindows } from "../../lib/continuity/state.ts";
import { verifyChain } from "../../lib/continuity/verify.ts";
import { sha256Digest } from "../../lib/encoding/digest.ts";
import { isRefusal, type Refusal } from "../../lib/refusal.ts";
import { chainOf, chainPolicy, holderAt, type MadeChain, NOW } from "../support/chain.ts";
import { KEYS, type KeyName } from "../support/keys.ts";
import { PLANE } from "../support/trust.ts";
import { Dice } from "./dice.ts";
import { type Fuzzer, fuzz } from "./fuzzer.ts";
import { refusalProblem } from "./judge-answer.ts";
import { mutatedValue } from "./mutations.ts";
import { delegationNarrowsPlainly, stepNarrowsPlainly } from "./naive-narrowing.ts";
import { firstUnmet, plainJws } from "./plain.ts";
import { claimsOf, mutatedSigned, type Others, sign } from "./signed.ts";

const ALL = Object.keys(KEYS) as KeyName[];
const POLICY = chainPolicy();

/** Good chains of each depth, with what one part of another may be put in place of. */
interface Ground {
  readonly made: MadeChain;
  readonly others: Others;
}

const groundOf = (depth: number): Ground => {
  const made = chainOf({ depth });
  const texts = made.chain as string[];
  const requests = texts.map(claimsOf).flatMap(({ request }) => (request ? [String(request)] : []));
  const values = [
    PLANE,
    NOW,
    NOW + 600,
    ...ALL.map((name) => KEYS[name].thumbprint),
    ...texts.map(digestOf),
  ];
  return { made, others: { values, objects: [...texts, ...requests, made.contract.jws.compact] } };
};

const digestOf = (text: string): string => sha256Digest(text.slice(0, text.lastIndexOf(".")));

/** A chain with one block, or the request in it, changed; what follows continues it or does not. */
function changedChain({ made, others }: Ground, dice: Dice): unknown {
  const texts = [...(made.chain as string[])];
  if (dice.hits(8)) return mutatedValue(texts, dice);
  const at = dice.roll(texts.length);
  const claims = claimsOf(texts[at]);
  const good = { typ: "vai-block+jwt", claims, signer: "plane" } as const;
  const changed =
    at > 0 && dice.hits(3)
      ? sign({ ...good, claims: withRequest(claims, at, others, dice) })
      : mutatedSigned(good, dice, others);
  const list: unknown[] = texts.with(at, changed as string);
  return dice.hits(2) ? continued(list, at) : list;
}

function withRequest(claims: object, at: number, others: Others, dice: Dice): object {
  const { request } = claims as { readonly request: string };
  const good = {
    ...{ typ: "vai-request+jwt", claims: claimsOf(request) },
    signer: holderAt(at - 1),
  };
  const other = mutatedSigned(good, dice, others);
  if (dice.hits(2)) return { ...claims, request: other };
  // What the changed request says, its block says too.
  try {
    const said = claimsOf(other);
    const { authorization_details, deliveries, exp, delegation, retain } = said;
    return {
      ...claims,
      authorization_details,
      deliveries,
      exp,
      delegation,
      retain,
      request: other,
    };
  } catch {
    return { ...claims, request: other };
  }
}

/** Every block behind names the one before as its parent, in request and block, signed as it should be. */
function continued(list: readonly unknown[], from: number): unknown[] {
  const out = [...list];
  for (let at = from + 1; at < out.length; at++) {
    const parent = digestOf(String(out[at - 1]));
    const claims = claimsOf(out[at]) as { readonly request: string };
    const asked = { ...claimsOf(claims.request), ...(at > 1 && { chainDigest: parent }) };
    const request = sign({ typ: "vai-request+jwt", claims: asked, signer: holderAt(at - 1) });
    const block = { ...claims, parent, request };
    out[at] = sign({ typ: "vai-block+jwt", claims: block, signer: "plane" });
  }
  return out;
}

interface Said {
  readonly check: string;
  readonly refusal: Refusal;
}

function judged({ made }: Ground, presented: unknown): Said | Chain | undefined {
  const chain = readChain(presented);
  if (chain === undefined) return undefined;
  if (isRefusal(chain)) return { check: "parse", refusal: chain };
  const subject: Continued = {
    ...{ chain, contract: made.contract, decider: "policy.example", plane: PLANE },
    trust: { published: POLICY, policy: POLICY },
    isRecorded: () => true,
    signer: KEYS[holderAt(made.depth)].thumbprint,
    use: "issue",
  };
  for (const { name, judge } of CHAIN_CHECKS) {
    const refusal = judge(subject);
    if (refusal !== undefined) return { check: name, refusal };
  }
  const refusal = judgeBlockWindows(chain, NOW);
  return refusal === undefined ? chain : { check: "blockWindows", refusal };
}

type Claims = Readonly<Record<string, unknown>>;

const same = (one: unknown, other: unknown): boolean =>
  JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .sort()
    .map(([name, each]) => [name, sorted(each)]);
}

/** Why a chain that was let through should not have been, by a plain reading with other means. */
function undeserved({ made }: Ground, list: readonly unknown[]): string | undefined {
  let before: Claims | undefined;
  for (const [at, text] of list.entries()) {
    const block = plainJws(text, "vai-block+jwt", ["plane"]);
    if (block === undefined) return `block ${at} is not the plane's`;
    const { claims } = block;
    const problem =
      before === undefined
        ? plainRoot(claims, made)
        : plainLater(claims, before, digestOf(String(list[at - 1])));
    if (problem !== undefined) return `block ${at}: ${problem}`;
    before = claims;
  }
  const last = before?.["cnf"] as { readonly jkt: string } | undefined;
  return last?.jkt === KEYS[holderAt(made.depth)].thumbprint ? undefined : "another executor";
}

const plainRoot = (claims: Claims, { contract }: MadeChain): string | undefined =>
  firstUnmet({
    "is this plane's": claims["iss"] === PLANE && claims["aud"] === PLANE,
    "has no parent": !("parent" in claims) && claims["depth"] === 0,
    "is of the contract": claims["contractDigest"] === contract.digest,
    "says its steps": same(claims["authorization_details"], contract.claims.authorization_details),
    "says its executor":
      same(claims["cnf"], contract.claims.cnf) && claims["agent"] === contract.claims.actor.id,
    "says its window":
      claims["exp"] === contract.claims.exp && claims["nbf"] === contract.claims.nbf,
    "says its deliveries": same(claims["deliveries"], contract.claims.deliveries),
  });

function plainLater(claims: Claims, before: Claims, parent: string): string | undefined {
  const request = plainJws(claims["request"], "vai-request+jwt", ALL);
  const asked = request?.claims ?? {};
  const designate = (asked["designate"] ?? {}) as {
    readonly jkt?: string;
    readonly agent?: string;
  };
  const { jkt } = claims["cnf"] as { readonly jkt: string };
  const words = [
    "authorization_details",
    "deliveries",
    "exp",
    "delegation",
    "retain",
    "contractDigest",
  ];
  const signer = request && KEYS[request.signer].thumbprint;
  return firstUnmet({
    links: claims["parent"] === parent && claims["depth"] === Number(before["depth"]) + 1,
    "is of the same": ["iss", "nbf", "contractDigest"].every(
      (name) => claims[name] === before[name],
    ),
    "was asked for by who held it": signer === (before["cnf"] as { readonly jkt: string }).jkt,
    "was asked for so": words.every((word) => same(asked[word], claims[word])),
    "was asked for as a delegation": asked["use"] === "delegate" && asked["aud"] === PLANE,
    "was asked for from there":
      asked["chainDigest"] === parent ||
      (asked["chainDigest"] === undefined && before["depth"] === 0),
    "was asked for then": Math.abs(Number(asked["iat"]) - Number(claims["iat"])) <= 60,
    "designates whom it should":
      (designate.jkt ?? jkt) === jkt && (designate.agent ?? claims["agent"]) === claims["agent"],
    narrows: plainlyNarrows(claims, before),
  });
}

interface Held {
  readonly authorization_details: readonly Parameters<typeof stepNarrowsPlainly>[0][];
  readonly deliveries: readonly string[];
  readonly delegation: Parameters<typeof delegationNarrowsPlainly>[0];
  readonly exp: number;
  readonly retain?: boolean;
  readonly depth: number;
}

function plainlyNarrows(child: Claims, parent: Claims): boolean {
  const [own, outer] = [child, parent] as unknown as Held[];
  if (own === undefined || outer === undefined) return false;
  return (
    own.exp <= outer.exp &&
    own.depth <= outer.delegation.maxDepth &&
    own.deliveries.every((each) => outer.deliveries.includes(each)) &&
    delegationNarrowsPlainly(own.delegation, outer.delegation) &&
    (own.retain !== true || outer.delegation.retain) &&
    own.authorization_details.every((step) => {
      const bound = outer.authorization_details.find(({ id }) => id === step.id);
      return bound !== undefined && stepNarrowsPlainly(step, bound);
    })
  );
}

/** Checks of the plane's that nobody can make offline. */
const ONLINE: ReadonlySet<string> = new Set([
  ...["chainRoot", "chainContract", "chainApprovals", "chainAudience", "chainRecorded"],
  ...["chainLabels", "chainExecutor", "chainNarrowing", "chainSignatures"],
]);

function problemOf(ground: Ground, presented: unknown): string | undefined {
  const found = judged(ground, presented);
  const offline = verifyChain(presented as string[], {
    thumbprints: [KEYS.plane.thumbprint],
    at: NOW,
  });
  if (found === undefined) return undefined;
  if ("check" in found) {
    // As answers cut them.
    const [detail, pointer] = [found.refusal.detail.slice(0, 1000), found.refusal.pointer ?? ""];
    const place = pointer.length > 1000 ? undefined : pointer;
    const answer = { ok: false, code: found.refusal.code, detail, pointer: place } as const;
    const event = { chain: presented, request: {} };
    const isToldOffline = !offline.ok || ONLINE.has(found.check);
    return (
      refusalProblem(answer, event) ??
      (isToldOffline ? undefined : `${found.check}, and good offline`)
    );
  }
  const why = undeserved(ground, presented as unknown[]);
  if (why !== undefined) return `accepted, and not so: ${why}`;
  return offline.ok ? undefined : `accepted, and not offline: ${JSON.stringify(offline.problems)}`;
}

/** Chains of which one block, or a request in it, is forged, respelt, or says something else and is signed all the same. */
export const chainFuzzer: Fuzzer = {
  about:
    "the reader and the checks of chains: coded refusals alone, and what is accepted deserved it",
  run(seed, inputs, isOver) {
    const grounds = [1, 2, 3].map(groundOf);
    return fuzz(
      inputs,
      async (input) => {
        const dice = new Dice(seed * 1_000_003 + input);
        const ground = dice.pick(grounds);
        const presented = changedChain(ground, dice);
        const problem = problemOf(ground, presented);
        return problem && `${problem} ${JSON.stringify(presented)?.slice(0, 300)}`;
      },
      isOver,
    );
  },
};
