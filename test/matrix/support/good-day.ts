import type { ReadRecord } from "../../../lib/audit/read-record.ts";
import { sha256Digest } from "../../../lib/encoding/digest.ts";
import type { Answer } from "../../../lib/enforcement/answer.ts";
import type { CommandAnswer } from "../../../lib/enforcement/commands/command.ts";
import type { EvidenceRecord } from "../../../lib/evidence/record.ts";
import type { FeedCall, Observation, SeenAnswer } from "../observation.ts";

/** An observation in which everything holds, small enough to be broken by hand. */

const EXP = Date.parse("2026-05-05T04:10:00.000Z");
export const CHAIN = "intent/1";
const REGISTRY = "plane/registry";
const ARN = "arn:aws:iam::000000000000:role/vai-local-exec-dynamodb";

const jwsOf = (claims: object): string =>
  `h.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.s`;
const REVOKE = jwsOf({ do: "revokeIdentity", identityId: "b" });
const HALT = jwsOf({ do: "haltActor", actorId: "agent" });
const LIFT = jwsOf({ do: "reinstateActor", actorId: "agent" });

/** A record as the verifier hands it over, with what invariants read of it. */
export function recordOf(
  type: string,
  { chain = CHAIN, seq, id, detail = {}, at = "2026-05-05T04:00:00.000Z", blocks }: Parts,
): ReadRecord {
  const record = {
    ...{ chain: { id: chain, seq }, event: { type, at }, detail },
    ...(id !== undefined && { identity: { id } }),
    ...(blocks !== undefined && { continuity: { depth: blocks.length - 1, blocks } }),
    ...{ actor: { id: "agent" }, contract: { id: "c", digest: "sha256:c" } },
  } as unknown as EvidenceRecord;
  return { record, hash: sha256Digest(`${chain}#${seq}`) };
}

interface Parts {
  readonly chain?: string;
  readonly seq: number;
  readonly id?: string;
  readonly detail?: object;
  readonly at?: string;
  /** Of the chain that it was asked under. */
  readonly blocks?: readonly string[];
}

const call = (seq: number, name: string, more: Partial<FeedCall> = {}): FeedCall => ({
  ...{ seq, name, isEffect: false, records: [] },
  ...more,
});
/** The call that makes records of a chain durable, from one number to another. */
const stores = (seq: number, from: number, to: number, chain = CHAIN): FeedCall =>
  call(seq, "dynamodb TransactWriteItems", {
    records: Array.from({ length: to - from + 1 }, (_, index) => `${chain}#${from + index}`),
  });
const session = (id: string) => ({ sessionName: `vai-${id}` });

/** Identity a is executed; b has credentials and is revoked; the actor is halted and reinstated. */
export function goodDay(): Observation {
  const own = [
    recordOf("IdentityIssued", { seq: 1, id: "a", detail: session("a") }),
    recordOf("ExecutionStarted", { seq: 2, id: "a" }),
    recordOf("ExecutionCompleted", { seq: 3, id: "a" }),
    recordOf("IdentityCompleted", { seq: 4, id: "a" }),
    recordOf("IdentityIssued", { seq: 5, id: "b", detail: session("b") }),
    recordOf("CredentialsMinted", { seq: 6, id: "b" }),
    recordOf("RevocationRequested", { seq: 7, detail: { command: REVOKE } }),
    recordOf("IdentityRevoked", { seq: 8, id: "b" }),
  ];
  const registry = [
    recordOf("AgentHalted", { chain: REGISTRY, seq: 1, detail: { command: HALT } }),
    recordOf("AgentReinstated", { chain: REGISTRY, seq: 2, detail: { command: LIFT } }),
  ];
  const document = '{"aws:PrincipalTag/vai-identity":["vai-b"]}';
  return {
    ...{ verdict: "unanchored", defects: [], overAt: 100 },
    chains: new Map([
      [CHAIN, own],
      [REGISTRY, registry],
    ]),
    feed: [
      stores(1, 1, 1),
      call(2, "sts AssumeRole", { sourceIdentity: "vai-a" }),
      stores(3, 2, 2),
      call(4, "dynamodb UpdateItem", { isEffect: true, session: "vai-a" }),
      stores(5, 3, 4),
      stores(6, 5, 5),
      call(7, "sts AssumeRole", { sourceIdentity: "vai-b" }),
      stores(8, 6, 6),
      stores(9, 7, 8),
      call(10, "iam PutRolePolicy", { role: "vai-local-exec-dynamodb", document }),
      stores(11, 1, 1, REGISTRY),
      stores(12, 2, 2, REGISTRY),
    ],
    contracts: [{ digest: "sha256:c", chainId: CHAIN, exp: EXP, calls: 1, weight: 10, wanted: 10 }],
    answers: [
      told(5, granted("a", { seq: 4, head: own[3]?.hash, outcome: { status: "succeeded" } })),
      told(8, granted("b", { seq: 6, head: own[5]?.hash, credentials: "sealed" })),
      told(10, commanded("REVOKED", { chainId: CHAIN, seq: 8 }), REVOKE),
      told(11, commanded("HALTED", { chainId: REGISTRY, seq: 1 }), HALT),
      told(12, commanded("LIFTED", { chainId: REGISTRY, seq: 2 }), LIFT),
    ],
  };
}

export const told = (
  feedEnd: number,
  said: SeenAnswer["said"],
  command?: string,
  isLate = false,
): SeenAnswer => ({ cell: "a cell", by: "issue", said, command, feedEnd, isLate });

interface Granted {
  readonly seq: number;
  readonly head?: string | undefined;
  readonly outcome?: object;
  readonly credentials?: string;
}

/** The answer to a grant, as much of it as invariants read. */
export function granted(identityId: string, { seq, head, ...more }: Granted): Answer {
  return {
    ...{ ok: true, deduplicated: false, identity: { identityId, intentId: "1" } },
    evidence: { chainId: CHAIN, lastSeq: seq, head },
    ...more,
  } as unknown as Answer;
}

const commanded = (state: CommandAnswer["state"], evidence: CommandAnswer["evidence"]) =>
  ({
    ...{ ok: true, deduplicated: false, state, inFlight: 0, evidence },
    points: state === "REVOKED" ? [{ point: "iam", role: ARN, acknowledgedAt: "now" }] : [],
  }) as unknown as CommandAnswer;

/** The same observation with one thing changed. */
export const withRecords = (
  seen: Observation,
  edit: (records: readonly ReadRecord[]) => readonly ReadRecord[],
): Observation => ({
  ...seen,
  chains: new Map(seen.chains).set(CHAIN, edit(seen.chains.get(CHAIN) ?? [])),
});
export const withFeed = (
  seen: Observation,
  edit: (call: FeedCall) => readonly FeedCall[],
): Observation => ({ ...seen, feed: seen.feed.flatMap(edit) });
