import { readBlock } from "../../lib/continuity/block.ts";
import { laterClaims } from "../../lib/continuity/later.ts";
import { rootClaims } from "../../lib/continuity/root.ts";
import { type ReadContract, readContract } from "../../lib/contract/contract.ts";
import type { Step } from "../../lib/contract/step.ts";
import { type Digest, sha256Digest } from "../../lib/encoding/digest.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { readDelegateRequest } from "../../lib/request/request.ts";
import type { TrustPolicy } from "../../lib/trust/policy.ts";
import { forge, type SignedChange } from "./forge.ts";
import { ACTOR, govern } from "./governed.ts";
import { KEYS, type KeyName } from "./keys.ts";
import { type Change, changed } from "./mutate.ts";
import { firstPolicy, PLANE } from "./trust.ts";
import { START } from "./world.ts";

/** Seconds: when everything in these chains is signed. */
export const NOW = Math.floor(START / 1000);

const PAYMENTS = "arn:aws:lambda:us-east-1:000000000000:function:sample-payments:live";

const step = (id: string, max: number): Step => ({
  ...{ type: "aws", id, actions: ["lambda:InvokeFunction"], resources: [PAYMENTS] },
  parameters: {
    "payload/amount": { range: { min: 1, max } },
    "payload/clientToken": { prefix: "ref-" },
    "payload/currency": { exact: "EUR" },
  },
  limits: { calls: 4, totals: { "payload/amount": max } },
});

/** Refunds and payments, as governance allows them. */
const STEPS: readonly Step[] = [step("refund", 500), step("pay", 900)];

/** What is handed on at each depth: refunds, less each time. */
const MAX_AT: readonly number[] = [500, 300, 100];

/** Who holds each place; behind them they take turns. */
const HOLDERS: readonly KeyName[] = ["agent", "refunds", "ledger", "otherAgent"];
export const holderAt = (depth: number): KeyName =>
  HOLDERS[depth < HOLDERS.length ? depth : 1 + (depth % 3)] ?? "agent";
export const agentAt = (depth: number): string =>
  depth === 0 ? ACTOR : `spiffe://example.org/agent/${holderAt(depth)}-${depth}`;

/** How a chain differs from the valid one; each part is linked and signed after its change. */
export interface ChainChange {
  /** Of the last block; default 2. */
  readonly depth?: number;
  readonly contract?: SignedChange;
  /** Of the request for the block of a depth, which the block then follows. */
  readonly asked?: Readonly<Record<string, SignedChange>>;
  /** Of the block of a depth alone. */
  readonly block?: Readonly<Record<string, SignedChange>>;
  /** Depth of a block in whose place another one stands, signed as well, that differs by its id alone. */
  readonly twin?: number;
  /** Depths of blocks with the depths of those whose signatures they have. */
  readonly signatureOf?: Readonly<Record<string, number>>;
  /** Depths, in the order in which they are presented; default all in turn. */
  readonly order?: readonly number[];
  /** Change of the list as it is presented, a document of texts. */
  readonly list?: SignedChange;
}

export interface MadeChain {
  readonly contract: ReadContract;
  /** As it is presented, whatever it became. */
  readonly chain: readonly unknown[];
  readonly depth: number;
}

const IDS = {
  intent: "0198c7d2-0000-7000-8000-000000000001",
  contract: "0198c7d2-0000-7000-8000-000000000002",
  decision: "0198c7d2-0000-7000-8000-000000000003",
};

const uuidAt = (depth: number): string =>
  `0198c7d2-0000-7000-8000-1000000000${String(depth).padStart(2, "0")}`;

/** Plane keys are named `plane`; whoever else signs is named in the change. */
const signed = (typ: string, claims: object, by: KeyName, change?: SignedChange): string =>
  String(forge(typ, claims, by, change, START));

/** A contract that may be handed on, and a chain of it. */
export function chainOf(change: ChainChange = {}): MadeChain {
  const { depth = 2, order } = change;
  const contract = contractOf(change);
  const seal = { plane: PLANE, jti: uuidAt(0), iat: NOW, approvals: [] };
  const root = rootClaims(contract, seal);
  const blocks = [signed("vai-block+jwt", root, "plane", change.block?.["0"])];
  for (let at = 1; at <= depth; at++) {
    blocks.push(blockAt(at, blocks[at - 1] ?? "", contract, change));
  }
  if (change.twin !== undefined) {
    blocks[change.twin] = twinOf(blocks[change.twin - 1] ?? "", contract, change, change.twin);
  }
  for (const [at, other] of Object.entries(change.signatureOf ?? {})) {
    blocks[Number(at)] = `${inputOf(blocks[Number(at)])}.${blocks[other]?.split(".")[2]}`;
  }
  const presented = (order ?? [...blocks.keys()]).map((at) => blocks[at]);
  return { contract, chain: changed(presented, change.list, START), depth };
}

function contractOf({ depth = 2, contract: change }: ChainChange): ReadContract {
  const set = {
    "/authorization_details": STEPS,
    "/delegation": { maxDepth: Math.min(32, depth + 1) },
    ...change?.set,
  };
  const read = readContract(govern(IDS, START, { contract: { ...change, set } }).contract);
  if (isRefusal(read)) throw new Error(JSON.stringify(read));
  return read;
}

const twinOf = (
  parent: string,
  contract: ReadContract,
  change: ChainChange,
  depth: number,
): string =>
  blockAt(depth, parent, contract, {
    ...change,
    block: { [depth]: { set: { "/jti": uuidAt(99) } } },
  });

const inputOf = (text = ""): string => text.slice(0, text.lastIndexOf("."));

/** The digest of a compact JWS, also of one that nobody can read. */
const digestOf = (text: string): Digest => sha256Digest(inputOf(text));

function blockAt(
  depth: number,
  parent: string,
  contract: ReadContract,
  change: ChainChange,
): string {
  const before = readBlock(parent, "");
  const held = isRefusal(before) ? undefined : before.claims;
  const max = MAX_AT[depth] ?? 100;
  const asked = {
    ...{ use: "delegate", jti: `jti-${depth}`, iat: NOW, aud: PLANE, audience: PLANE },
    contractDigest: contract.digest,
    ...(depth > 1 && { chainDigest: digestOf(parent) }),
    idempotencyKey: `to-${depth}`,
    designate: { jkt: KEYS[holderAt(depth)].thumbprint, agent: agentAt(depth) },
    authorization_details: [step("refund", max)],
    deliveries: ["execute"],
    exp: held?.exp ?? contract.claims.exp,
    delegation: held?.delegation ?? { maxDepth: 32, retain: false, labels: [], planes: [] },
    retain: false,
  };
  const by = holderAt(depth - 1);
  const compact = signed("vai-request+jwt", asked, by, change.asked?.[depth]);
  const read = readDelegateRequest(compact);
  const said = isRefusal(read) ? asked : read.claims;
  const { designate } = said as typeof asked;
  const claims = laterClaims(
    { claims: said as never, jws: { compact } },
    { digest: digestOf(parent), claims: { depth: depth - 1, nbf: contract.claims.nbf } },
    {
      ...{ jti: uuidAt(depth), iat: NOW, approvals: [] },
      to: { agent: designate.agent ?? agentAt(depth), jkt: designate.jkt ?? asked.designate.jkt },
    },
  );
  // Whatever was asked for, this is the plane's block, of this contract.
  const own = { ...claims, iss: PLANE, contractDigest: contract.digest };
  return signed("vai-block+jwt", own, "plane", change.block?.[depth]);
}

/** A trust policy that knows the plane's keys and some agents. */
export const chainPolicy = (change?: Change): TrustPolicy => {
  const policy = firstPolicy({ evidence: KEYS.otherAnchor.jwk, plane: KEYS.plane.jwk }, START);
  const agents = [
    { name: agentAt(1), labels: ["refunds"], jkt: KEYS.refunds.thumbprint },
    { name: agentAt(2), labels: ["refunds", "eu"], jkt: KEYS.ledger.thumbprint },
  ];
  return changed({ ...policy, agents }, change, START);
};
