import { toSeconds } from "../../lib/clock.ts";
import { laterClaims } from "../../lib/continuity/later.ts";
import type { ReadContract } from "../../lib/contract/contract.ts";
import type { Step } from "../../lib/contract/step.ts";
import { type Digest, sha256Digest } from "../../lib/encoding/digest.ts";
import { readJws } from "../../lib/encoding/jws.ts";
import type { DelegateRequest } from "../../lib/request/request.ts";
import { forge, type SignedChange } from "./forge.ts";
import { ACTOR } from "./governed.ts";
import { KEYS, type KeyName } from "./keys.ts";
import { changed } from "./mutate.ts";
import type { Addressee } from "./world.ts";

/** How authority is handed on; each part is linked and signed after its change. */
export interface Hand {
  /** Name of the branch that it is handed on from; default the last one. */
  readonly from?: string;
  readonly to: KeyName;
  /** Name of the new branch; default whose it is. */
  readonly as?: string;
  readonly retain?: boolean;
  readonly asked?: SignedChange;
  readonly block?: SignedChange;
  /** Signed, and on no record. */
  readonly unrecorded?: true;
}

/** A chain as somebody holds it: its last block is theirs. */
export interface Branch {
  readonly blocks: readonly string[];
  readonly holder: KeyName;
  readonly step: Step;
  readonly exp: number;
  readonly deliveries: readonly string[];
  readonly delegation: object;
}

/** What is allowed at each depth, the contract's first. */
export const BOUNDS = [
  { max: 10, calls: 6, total: 30 },
  { max: 8, calls: 4, total: 20 },
  { max: 5, calls: 2, total: 10 },
  { max: 3, calls: 1, total: 3 },
] as const;

const boundAt = (depth: number): (typeof BOUNDS)[number] => BOUNDS[depth] ?? BOUNDS[3];

export const agentOf = (name: KeyName): string =>
  name === "agent" ? ACTOR : `spiffe://example.org/agent/${name}`;

/** The request to hand on, as the holder of a branch signs it. */
export function requestOf(
  { id, world }: Addressee,
  contractDigest: Digest,
  parent: Branch,
  { to, as = to, retain = false, asked }: Omit<Hand, "from">,
): string {
  const depth = Math.max(1, parent.blocks.length);
  const { max, calls, total } = boundAt(depth);
  const narrower = { set: { "/parameters/percent": { range: { min: 0, max } } } };
  const step = changed(parent.step, narrower, 0);
  const claims = {
    ...{ use: "delegate", jti: world.newId(), iat: toSeconds(world.now) },
    ...{ aud: id, audience: id, contractDigest },
    ...(depth > 1 && { chainDigest: digestOf(parent.blocks.at(-1)) }),
    idempotencyKey: `to-${as}-${world.newId()}`,
    designate: { jkt: KEYS[to].thumbprint, agent: agentOf(to) },
    authorization_details: [{ ...step, limits: { calls, totals: { percent: total } } }],
    ...{ deliveries: parent.deliveries, exp: parent.exp, delegation: parent.delegation, retain },
  };
  return String(forge("vai-request+jwt", claims, parent.holder, asked, world.now));
}

/** What the block says that is as its request asked, whatever that asked. */
export function laterOf(
  { world }: Addressee,
  contract: ReadContract,
  parent: Branch,
  { request, to }: { readonly request: string; readonly to: KeyName },
): ReturnType<typeof laterClaims> {
  const said = payloadOf(request) as DelegateRequest;
  const depth = parent.blocks.length - 1;
  return laterClaims(
    { claims: said, jws: { compact: request } } as never,
    { digest: digestOf(parent.blocks.at(-1)), claims: { depth, nbf: contract.claims.nbf } },
    {
      ...{ jti: world.newId(), iat: toSeconds(world.now), approvals: [] },
      to: { agent: said.designate.agent ?? agentOf(to), jkt: KEYS[to].thumbprint },
    },
  );
}

/** The branch that a block opens, whatever the block says. */
export function branchOf(parent: Branch, block: string, holder: KeyName): Branch {
  const own = payloadOf(block) as ReturnType<typeof laterClaims>;
  const [step = parent.step] = own.authorization_details ?? [];
  const { exp, deliveries, delegation } = own;
  return { blocks: [...parent.blocks, block], holder, step, exp, deliveries, delegation };
}

/** Of a compact JWS, also of one that nobody can read. */
export const digestOf = (compact = ""): Digest =>
  sha256Digest(compact.slice(0, Math.max(0, compact.lastIndexOf("."))));

/** What a JWS says, also one that a careless signer wrote. */
export function payloadOf(compact: unknown): object {
  const read = readJws(compact, "vai-block+jwt");
  const other = read.ok ? read : readJws(compact, "vai-request+jwt");
  return other.ok ? (other.value.payload as object) : looselyRead(compact);
}

/** What a careless signer wrote. */
function looselyRead(compact: unknown): object {
  const [, payload = ""] = String(compact).split(".");
  try {
    return JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
  } catch {
    return {};
  }
}
