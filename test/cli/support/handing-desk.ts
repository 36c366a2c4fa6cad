import { writeFileSync } from "node:fs";
import type { TestContext } from "node:test";
import { type ReadBlock, readBlock } from "../../../lib/continuity/block.ts";
import { laterClaims } from "../../../lib/continuity/later.ts";
import { rootClaims } from "../../../lib/continuity/root.ts";
import { type ReadContract, readContract } from "../../../lib/contract/contract.ts";
import { signJws } from "../../../lib/encoding/jws.ts";
import { isRefusal } from "../../../lib/refusal.ts";
import {
  type DelegateRequest,
  judgePossession,
  type ReadRequest,
  readDelegateRequest,
  readWithdrawRequest,
} from "../../../lib/request/request.ts";
import { type ChainChange, chainOf, chainPolicy, NOW } from "../../support/chain.ts";
import type { Mutation } from "../../support/governed.ts";
import { KEYS, type KeyName } from "../../support/keys.ts";
import type { Change } from "../../support/mutate.ts";
import { PLANE } from "../../support/trust.ts";
import { type Desk, desk } from "./plane-endpoint.ts";

/** A desk at which a contract is handed on, before a function `delegate` that signs as the plane does and judges nothing. */
export interface HandingDesk extends Desk {
  readonly contract0: ReadContract;
  /** Contract and proof, as the first executor holds them. */
  readonly held: string;
  /** Contract and chain down to a depth, as that executor holds them. */
  at(depth: number, change?: ChainChange): string;
  write(name: string, value: unknown): string;
  key(name: KeyName): string;
  /** Trust policy by which people approve. */
  policy(change?: Change): string;
  /** What was sent. */
  readonly events: Readonly<Record<string, unknown>>[];
  /** Answers in the function's place, in turn. */
  readonly answers: unknown[];
}

const SEAL = { jti: "0198c7d2-0000-7000-8000-200000000000", iat: NOW, approvals: [] };
const EVIDENCE = {
  ...{ chainId: "intent/0198c7d2-0000-7000-8000-000000000001", firstSeq: 1, lastSeq: 6 },
  head: `sha256:${"0".repeat(64)}`,
};

function good<T>(value: T): Exclude<T, { readonly refused: true }> {
  if (isRefusal(value)) throw new Error(JSON.stringify(value));
  return value as Exclude<T, { readonly refused: true }>;
}

/** As the plane signs: the root with the first delegation, and what was asked for behind it. */
function handedOn(event: Readonly<Record<string, unknown>>): unknown {
  const {
    chain = [],
    contract,
    approvals = [],
    request,
  } = event as {
    readonly chain?: readonly string[];
    readonly contract: string;
    readonly approvals?: readonly string[];
    readonly request: string;
  };
  const withdrawn = readWithdrawRequest(request);
  if (!isRefusal(withdrawn)) {
    good(judgePossession(withdrawn));
    return { ok: true, deduplicated: false, ended: [withdrawn.claims.block], evidence: EVIDENCE };
  }
  const asked: ReadRequest<DelegateRequest> = good(readDelegateRequest(request));
  good(judgePossession(asked));
  const root = () =>
    signJws(
      "vai-block+jwt",
      rootClaims(good(readContract(contract)), { plane: PLANE, ...SEAL }),
      KEYS.plane,
    );
  const before = chain.length > 0 ? chain : [root()];
  const parent: ReadBlock = good(readBlock(before.at(-1), ""));
  const { designate } = asked.claims;
  const to = {
    agent: designate.agent ?? "spiffe://example.org/agent/found",
    jkt: designate.jkt ?? KEYS.ledger.thumbprint,
  };
  const claims = laterClaims(asked, parent, { ...SEAL, to, approvals });
  const block = good(readBlock(signJws("vai-block+jwt", claims, KEYS.plane), ""));
  return {
    ...{ ok: true, deduplicated: false, chain: [...before, block.jws.compact] },
    block: {
      ...{ digest: block.digest, depth: claims.depth, jkt: to.jkt, agent: to.agent },
      ...{ audience: claims.aud, expiresAt: "2026-05-05T04:10:00.000Z", retain: claims.retain },
    },
    evidence: EVIDENCE,
  };
}

export async function handingDesk(t: TestContext, mutation?: Mutation): Promise<HandingDesk> {
  const [events, answers]: [HandingDesk["events"], unknown[]] = [[], []];
  const found = await desk(t, {
    delegate: (event) => {
      events.push(event as Readonly<Record<string, unknown>>);
      const answer = answers.shift();
      return answer === undefined ? handedOn(event as HandingDesk["events"][0]) : answer;
    },
  });
  const write = (name: string, value: unknown): string => {
    writeFileSync(found.file(name), JSON.stringify(value));
    return found.file(name);
  };
  const change = { contract: mutation?.contract ?? {} };
  const made = chainOf(change);
  const { compact } = made.contract.jws;
  return {
    ...{ ...found, events, answers, write, contract0: made.contract },
    held: write("held.json", { contract: compact, proof: { any: "proof" } }),
    at: (depth, more = {}) =>
      write(`at-${depth}.json`, {
        contract: compact,
        chain: chainOf({ ...change, ...more }).chain.slice(0, depth + 1),
      }),
    key: (name) => write(`${name}.json`, KEYS[name].privateKey.export({ format: "jwk" })),
    policy: (more) => write("policy.json", chainPolicy(more)),
  };
}
