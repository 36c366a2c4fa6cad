import { toInstant } from "../clock.ts";
import { type ReadBlock, readBlock } from "../continuity/block.ts";
import type { Chain } from "../continuity/chain.ts";
import { judgeSteps } from "../continuity/judge.ts";
import { judgeSignatures, keyOfPlane, planeKey } from "../continuity/signatures.ts";
import { judgeBlockWindows } from "../continuity/state.ts";
import { type Digest, isDigest } from "../encoding/digest.ts";
import { readJws } from "../encoding/jws.ts";
import type { EvidenceRecord } from "../evidence/record.ts";
import { isRefusal, type Refusal } from "../refusal.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import { inside } from "./plain-text.ts";

/** What verified records say of chains: of the intent's chain, and of `plane/registry`. Instants in milliseconds. */
interface ChainHistory {
  /** Blocks and roots, by when a `DelegationGranted` of the contract signed them; the earliest. */
  readonly granted: ReadonlyMap<Digest, number>;
  readonly ended: ReadonlyMap<Digest, number>;
  readonly roots: ReadonlySet<Digest>;
  /** Blocks and roots that were handed on with nothing kept, by when. */
  readonly handedOn: ReadonlyMap<Digest, number>;
  /** Plane keys that people revoked by command, by thumbprint. */
  readonly revoked: ReadonlyMap<string, number>;
}

/** Gathers the history of one contract's chains, record by record, as they were verified. */
export class ChainHistorian implements ChainHistory {
  readonly granted = new Map<Digest, number>();
  readonly ended = new Map<Digest, number>();
  readonly roots = new Set<Digest>();
  readonly handedOn = new Map<Digest, number>();
  readonly revoked = new Map<string, number>();
  readonly #contract: Digest;

  constructor(contract: Digest) {
    this.#contract = contract;
  }

  take({ event, detail, contract }: EvidenceRecord): void {
    const at = Date.parse(event.at);
    const type: string = event.type;
    if (type === "RootKeyRevoked") this.#revoke(detail["command"], at);
    if (contract?.digest !== this.#contract) return;
    if (type === "DelegationGranted") {
      for (const text of [detail["root"], detail["block"]]) this.#grant(text, at);
    }
    const ended: unknown = type === "DelegationRevoked" ? inside(detail, "ended") : undefined;
    for (const digest of Array.isArray(ended) ? ended : []) {
      if (isDigest(digest)) first(this.ended, digest, at);
    }
  }

  #grant(text: unknown, at: number): void {
    const block = text === undefined ? undefined : readBlock(text, "");
    if (block === undefined || isRefusal(block)) return;
    first(this.granted, block.digest, at);
    if (block.request === undefined) {
      this.roots.add(block.digest);
    } else if (!block.claims.retain) {
      first(this.handedOn, block.claims.parent, at);
    }
  }

  #revoke(command: unknown, at: number): void {
    const read = readJws(command, "vai-command+jwt");
    const jkt = read.ok ? inside(read.value.payload, "jkt") : undefined;
    if (typeof jkt === "string") first(this.revoked, jkt, at);
  }
}

function first<Key>(known: Map<Key, number>, key: Key, at: number): void {
  if (!known.has(key)) known.set(key, at);
}

/** What has happened to a chain that was good. */
interface Since {
  readonly what: "rootRevoked" | "ended" | "over";
  /** RFC 3339. */
  readonly at: string;
  readonly depth: number;
}

/**
 * What a chain is worth: `valid`; `validThen`, when every block was signed while its key was good and something ended it
 * since; `neverValid`.
 */
export interface ChainStanding {
  readonly verdict: "valid" | "validThen" | "neverValid";
  /** Whether each block was signed while its key was good (POC-37). */
  readonly validAtTime: boolean;
  /** RFC 3339: since when a key that signed it is revoked. */
  readonly rootRevokedSince?: string;
  readonly since: readonly Since[];
  /**
   * Whether its last block is still the one to act, as far as blocks say: that people stopped contract, key or agent is no
   * part of it. Absent where no evidence was at hand.
   */
  readonly isHead?: boolean;
  /** Why it was never valid: code, place and prose, the first. */
  readonly problem?: Pick<Refusal, "code" | "detail" | "pointer">;
}

/** Of what was never valid; what cannot be read as one chain was never one. */
export const neverValid = ({ code, detail, pointer }: Refusal): ChainStanding => ({
  ...{ verdict: "neverValid", validAtTime: false, since: [] },
  problem: { code, detail, ...(pointer === undefined ? {} : { pointer }) },
});

/** By what a chain is judged. */
export interface JudgedBy {
  /** With every plane key that ever was, also those that are revoked. */
  readonly policy: Pick<TrustPolicy, "planeKeys" | "plane">;
  readonly history: ChainHistory;
  /** Seconds. */
  readonly now: number;
}

/**
 * Judges a chain by verified evidence (PROTOCOL.md §8, "Root key"). A signature says by itself when it was made, and the
 * thief of a key says what they like; so a block counts as signed before its key was revoked only if evidence from before
 * that has it (POC-36, POC-37).
 */
export function chainStanding(chain: Chain, by: JudgedBy): ChainStanding {
  const problem = neverGood(chain, by);
  if (problem !== undefined) return neverValid(problem);
  const since = chain.blocks.flatMap((block) => happened(block, by));
  const roots = since.filter(({ what }) => what === "rootRevoked").map(({ at }) => at);
  const [rootRevokedSince] = roots.sort();
  return {
    ...{ verdict: since.length === 0 ? "valid" : "validThen", validAtTime: true, since },
    ...(rootRevokedSince !== undefined && { rootRevokedSince }),
    isHead: !isHandedOn(chain, by.history) && since.length === 0,
  };
}

/** All roots of a contract are one place: what was handed on from one is handed on from every one of them. */
const isHandedOn = ({ last }: Chain, { handedOn, roots }: ChainHistory): boolean =>
  last.request === undefined
    ? [...roots].some((root) => handedOn.has(root))
    : handedOn.has(last.digest);

function neverGood(chain: Chain, { policy, history }: JudgedBy): Refusal | undefined {
  const [{ claims }] = chain.blocks;
  if (claims.iss !== policy.plane) {
    const detail = `the chain is of ${claims.iss}, and this is ${policy.plane}`;
    return { refused: true, code: "CHAIN_ROOT_UNKNOWN", detail, pointer: "/chain/0/iss" };
  }
  return (
    judgeSignatures(chain, (block) => keyOfPlane(policy, block)) ??
    judgeSteps(chain) ??
    chain.blocks
      .map((block) => neverGranted(block, policy, history))
      .find((problem) => problem !== undefined)
  );
}

function neverGranted(
  { digest, jws, claims: { depth } }: ReadBlock,
  policy: JudgedBy["policy"],
  history: ChainHistory,
): Refusal | undefined {
  const pointer = `/chain/${depth}`;
  const at = history.granted.get(digest);
  if (at === undefined) {
    const detail = "evidence has no such delegation: the plane never granted it";
    return { refused: true, code: "CHAIN_BROKEN", detail, pointer };
  }
  const revoked = revokedAt(jws.header.kid, policy, history);
  if (revoked === undefined || at < revoked) return undefined;
  const detail = "it is on record only after the key that signed it was revoked";
  return { refused: true, code: "CHAIN_ROOT_REVOKED", detail, pointer };
}

/** Milliseconds: by the trust policy or by a command, whichever came first. */
function revokedAt(
  kid: string,
  policy: JudgedBy["policy"],
  { revoked }: ChainHistory,
): number | undefined {
  const said = planeKey(policy, kid)?.revokedAt;
  const all = [said === undefined ? undefined : said * 1000, revoked.get(kid)];
  const known = all.filter((each) => each !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function happened(block: ReadBlock, { policy, history, now }: JudgedBy): Since[] {
  const { depth, exp } = block.claims;
  const revoked = revokedAt(block.jws.header.kid, policy, history);
  const ended = history.ended.get(block.digest);
  return [
    ...(revoked === undefined ? [] : [{ what: "rootRevoked", at: toInstant(revoked), depth }]),
    ...(ended === undefined ? [] : [{ what: "ended", at: toInstant(ended), depth }]),
    ...(now < exp ? [] : [{ what: "over", at: toInstant(exp * 1000), depth }]),
  ] as Since[];
}

/**
 * The same with the thumbprints of the plane's keys alone, without evidence: nobody can know then what was handed on,
 * ended or revoked since.
 * @param problems of `verifyChain`.
 */
export function standingOffline(
  chain: Chain,
  problems: readonly Pick<Refusal, "code" | "detail" | "pointer">[],
  now: number,
): ChainStanding {
  const over = judgeBlockWindows(chain, now);
  const other = problems.find(({ code }) => code !== over?.code);
  if (other !== undefined) {
    return { verdict: "neverValid", validAtTime: false, since: [], problem: other };
  }
  const since = chain.blocks
    .filter(({ claims: { exp } }) => now >= exp)
    .map(
      ({ claims: { exp, depth } }) => ({ what: "over", at: toInstant(exp * 1000), depth }) as const,
    );
  return { verdict: since.length === 0 ? "valid" : "validThen", validAtTime: true, since };
}
