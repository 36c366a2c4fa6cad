import * as z from "zod";
import { type Digest, isDigest } from "../encoding/digest.ts";
import { readBy } from "../encoding/schema.ts";
import type { Answer, RefusedAnswer } from "../enforcement/answer.ts";
import type { CommandAnswer, UnreachedAnswer } from "../enforcement/commands/command.ts";
import type { DelegatedAnswer, WithdrawnAnswer } from "../enforcement/delegate.ts";
import { Fault, type RefusalCode } from "../refusal.ts";
import { unlockSchema } from "./unlocks.ts";

const why = {
  code: z.string(),
  stage: z.string(),
  detail: z.string(),
  pointer: z.string().optional(),
  unlock: unlockSchema.optional(),
};

/** What enforcing would have answered; nothing else may stand in it, least of all what was handed over. */
const would = z.union([
  z.strictObject({ ok: z.literal(true) }),
  z.strictObject({ ok: z.literal(false), ...why }),
]);

const OBSERVED: RefusalCode = "ACTION_OBSERVED";

const refused = z.looseObject({
  ok: z.literal(false),
  ...why,
  enforced: z.literal(false).optional(),
  would: would.optional(),
  evidence: z.looseObject({ chainId: z.string(), seq: z.number() }).optional(),
});

/** A request was only watched by code, by `enforced` and by `would`, or by none of them. */
const isWhole = ({ code, ...each }: z.output<typeof refused>): boolean =>
  [each.enforced === false, each.would !== undefined].every((is) => is === (code === OBSERVED));

const STATES = [
  ...["ISSUED", "IN_USE", "COMPLETED", "FAILED", "INCOMPLETE", "EXPIRED", "REVOKED"],
] as const;

const granted = z.looseObject({
  ok: z.literal(true),
  /** Nothing is granted that was only watched. */
  enforced: z.undefined().optional(),
  would: z.undefined().optional(),
  deduplicated: z.boolean(),
  identity: z.looseObject({
    identityId: z.string(),
    intentId: z.string(),
    state: z.enum(STATES),
  }),
  outcome: z
    .looseObject({
      status: z.enum(["succeeded", "failed", "unknown"]),
      error: z.looseObject({ name: z.string(), kind: z.string() }).optional(),
      response: z
        .looseObject({
          statusCode: z.number(),
          executedVersion: z.string(),
          reference: z.string().optional(),
        })
        .optional(),
      readBack: z.looseObject({ matches: z.boolean() }).optional(),
      obligations: z.array(z.looseObject({ name: z.string(), met: z.boolean() })),
      rollback: z
        .looseObject({
          identityId: z.string().optional(),
          status: z.enum(["succeeded", "failed", "unknown"]),
        })
        .optional(),
    })
    .optional(),
  handle: z.string().optional(),
  credentials: z.string().optional(),
  guarantee: z.looseObject({ effectiveUntil: z.string() }),
  evidence: z.looseObject({ chainId: z.string(), firstSeq: z.number(), lastSeq: z.number() }),
});

/** How far a denial has come. */
const standing = {
  state: z.string(),
  inFlight: z.number(),
  points: z.array(
    z.looseObject({
      point: z.string(),
      role: z.string().optional(),
      requestedAt: z.string(),
      acknowledgedAt: z.string().optional(),
    }),
  ),
};
const done = z.looseObject({
  ok: z.literal(true),
  deduplicated: z.boolean(),
  ...standing,
  /** Absent while the record is owed. */
  evidence: z.looseObject({ chainId: z.string(), seq: z.number() }).optional(),
});
/** A refusal behind which a denial stands all the same has all of it, any other nothing. */
const unreached = refused.extend(standing).refine(isWhole);
const nothing = refused.refine((each) => !("points" in each)).refine(isWhole);

/**
 * What a function answered, as far as a command relies on it: a function that was replaced, or something between that
 * answers in its place, must not make "not an answer" look like one.
 * @throws {Fault} `DEPENDENCY_UNAVAILABLE`: as if no answer had come.
 */
function readAs<T>(schema: z.ZodType, value: unknown, from: string): T {
  const read = readBy(schema, value);
  if (read.ok) return read.value as T;
  throw new Fault(
    "DEPENDENCY_UNAVAILABLE",
    `${from} gave what is no answer: ${read.pointer} ${read.detail}`,
  );
}

/** Of `issue` or `execute`. */
export const readAnswer = (value: unknown, from: string): Answer =>
  readAs<Answer>(z.union([granted, refused.refine(isWhole)]), value, from);

const recorded = z.looseObject({ chainId: z.string(), firstSeq: z.number(), lastSeq: z.number() });
const digests = z.array(z.custom<Digest>(isDigest));

const delegated = z.looseObject({
  ok: z.literal(true),
  deduplicated: z.boolean(),
  chain: z.array(z.string()).min(2),
  block: z.looseObject({
    ...{ digest: z.custom<Digest>(isDigest), depth: z.int(), jkt: z.string(), agent: z.string() },
    ...{ audience: z.string(), expiresAt: z.iso.datetime(), retain: z.boolean() },
  }),
  evidence: recorded,
});

/** Of `delegate`, which was asked to hand on. */
export const readDelegatedAnswer = (
  value: unknown,
  from: string,
): DelegatedAnswer | RefusedAnswer =>
  readAs(z.union([delegated, refused.refine(isWhole)]), value, from);

const withdrawn = z.looseObject({
  ...{ ok: z.literal(true), deduplicated: z.boolean() },
  ended: digests.min(1),
  evidence: recorded,
});

/** Of `delegate`, which was asked to take back. */
export const readWithdrawnAnswer = (
  value: unknown,
  from: string,
): WithdrawnAnswer | RefusedAnswer =>
  readAs(z.union([withdrawn, refused.refine(isWhole)]), value, from);

/** Of `govern` or `revoke`. */
export const readCommandAnswer = (
  value: unknown,
  from: string,
): CommandAnswer | UnreachedAnswer | RefusedAnswer =>
  readAs(z.union([done, unreached, nothing]), value, from);
