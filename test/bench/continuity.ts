import { createPublicKey, verify } from "node:crypto";
import { readChain } from "../../lib/continuity/chain.ts";
import { type Continued, judgeChain } from "../../lib/continuity/judge.ts";
import { rawToDer } from "../../lib/encoding/ecdsa.ts";
import { readPublicJwk } from "../../lib/encoding/jwk.ts";
import type { ReadJws } from "../../lib/encoding/jws.ts";
import { isRefusal } from "../../lib/refusal.ts";
import {
  type ChainChange,
  chainOf,
  chainPolicy,
  holderAt,
  type MadeChain,
} from "../support/chain.ts";
import { KEYS } from "../support/keys.ts";
import { PLANE } from "../support/trust.ts";
import { cpuOfContinuity, roundsOfContinuity } from "./handing-on.ts";
import { besides, fixed, type Line } from "./measure.ts";

/** Blocks of the chains that have a goal, and of the longest that there can be. */
const LENGTHS = [1, 3, 8];
const LONGEST = 33;
const RUNS = 400;

/** Everybody's key is of P-256, the contract's executor's too. */
const P256: ChainChange = {
  contract: { set: { "/cnf/jkt": "$jkt.otherAgent" } },
  asked: { "1": { signedBy: "otherAgent" } },
};

/** Verification of chains beside the raw P-256 verifications in them, how long they are, and what handing on and using take. */
export async function measureContinuity(): Promise<Line[]> {
  const lines = LENGTHS.map((blocks) => verification(blocks, 0.75));
  const used = [...(await roundsOfContinuity()), await cpuOfContinuity()];
  return [...lines, verification(LONGEST), sizes(), ...used];
}

function verification(blocks: number, goal?: number): Line {
  const made = chainOf({ ...P256, depth: blocks - 1 });
  const judge = judgement(made);
  const signatures = signaturesIn(made);
  const raw = (): void => {
    for (const { key, input, der } of signatures) {
      if (!verify("sha256", input, key, der)) throw new Error("a signature does not verify");
    }
  };
  const { ours, theirs } = besides(blocks > 8 ? RUNS / 4 : RUNS, () => judge(), raw);
  return {
    name: `verification of a chain of ${blocks} block${blocks === 1 ? "" : "s"}, against ${signatures.length} raw P-256 verifications`,
    value: `${fixed(theirs / ours)} of the raw rate (${fixed(ours * 1000, 0)} µs against ${fixed(theirs * 1000, 0)} µs)`,
    ...(goal !== undefined && { goal: `≥ ${fixed(goal)}`, met: theirs / ours >= goal }),
    how: "strict reading of every block and request, links, signatures, requests, narrowing, and all other checks of stage executor, no verdict remembered; keys and headers are known, as in a warm process; raw: crypto.verify over DER with cached keys",
  };
}

/** As stage `executor` judges it, from the texts on. */
function judgement({ chain, contract, depth }: MadeChain): () => void {
  const policy = chainPolicy();
  const signer = KEYS[depth === 0 ? "otherAgent" : holderAt(depth)].thumbprint;
  const by: Omit<Continued, "chain"> = {
    ...{ contract, decider: "policy.example", trust: { published: policy, policy } },
    ...{ plane: PLANE, isRecorded: () => true, signer, use: "issue" },
  };
  return () => {
    const read = readChain(chain);
    if (read === undefined || isRefusal(read)) throw new Error(JSON.stringify(read));
    const refusal = judgeChain({ ...by, chain: read });
    if (refusal !== undefined) throw new Error(JSON.stringify(refusal));
  };
}

function signaturesIn({ chain }: MadeChain) {
  const read = readChain(chain);
  if (read === undefined || isRefusal(read)) throw new Error(JSON.stringify(read));
  return read.blocks
    .flatMap(({ jws, request }) => [jws, ...(request ? [request.jws] : [])])
    .map(plain);
}

function plain({ header, signingInput, signature }: ReadJws) {
  const key = readPublicJwk(header.jwk);
  if (typeof key === "string" || key.algorithm !== "ES256") throw new Error("not a P-256 key");
  return {
    key: createPublicKey({ key: { ...key.jwk }, format: "jwk" }),
    input: Buffer.from(signingInput, "ascii"),
    der: rawToDer(signature) ?? Buffer.alloc(0),
  };
}

function sizes(): Line {
  const bytes = [...LENGTHS, LONGEST].map((blocks) => {
    const { chain } = chainOf({ ...P256, depth: blocks - 1 });
    return [blocks, chain.reduce<number>((sum, text) => sum + String(text).length, 0)] as const;
  });
  const [one, , eight] = bytes.map(([, size]) => size);
  const each = ((eight ?? 0) - (one ?? 0)) / 7;
  return {
    name: "bytes of a block, and of chains",
    value: `${fixed(each, 0)} a block behind the root; ${bytes.map(([blocks, size]) => `${blocks}: ${size}`).join(", ")}`,
    how: "one step with three parameters; the limit is 163840 a chain",
  };
}
