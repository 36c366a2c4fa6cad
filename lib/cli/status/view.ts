import * as z from "zod";

/**
 * What a head says of an intent that has something open. Whoever writes State can write anything there: each entry is
 * read by itself, and one that cannot be read is counted, not believed.
 */
const identity = z.object({
  id: z.string(),
  contractDigest: z.string(),
  state: z.string(),
  actor: z.string().optional(),
  jkt: z.string(),
  step: z.string(),
  delivery: z.string(),
  roleArn: z.string().optional(),
  session: z.string(),
  issuedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  until: z.iso.datetime(),
});
const contract = z.object({
  digest: z.string(),
  id: z.string(),
  issuer: z.string(),
  risk: z.string(),
  /** Seconds since the epoch. */
  exp: z.int(),
  policy: z.object({ id: z.string(), version: z.string() }).optional(),
  revokeOn: z.array(z.string()),
  /** What its steps wait for: other steps, or people. */
  waits: z
    .array(
      z.union([
        z.strictObject({ step: z.string(), after: z.array(z.string()) }),
        z.strictObject({ step: z.string(), gate: z.string() }),
      ]),
    )
    .default([]),
});
const duty = z.object({
  identityId: z.string(),
  name: z.string(),
  kind: z.string(),
  due: z.iso.datetime(),
});
const lists = z.object({
  identities: z.array(z.unknown()),
  contracts: z.array(z.unknown()),
  duties: z.array(z.unknown()).default([]),
});

/** What is shown of either besides: whose it is, and whether a denial of it is committed whose record is owed. */
interface Besides {
  readonly intentId: string;
  readonly denied?: true;
}
export type ShownIdentity = z.infer<typeof identity> & Besides;
export type OpenContract = z.infer<typeof contract> & Besides;
export type OpenDuty = z.infer<typeof duty> & Pick<Besides, "intentId">;

/** What is open of one intent. */
export interface ReadView {
  readonly identities: readonly ShownIdentity[];
  readonly contracts: readonly OpenContract[];
  readonly duties: readonly OpenDuty[];
  readonly unreadable: number;
}

export function readView(intentId: string, open: unknown): ReadView {
  const read = lists.safeParse(open);
  if (!read.success) return { identities: [], contracts: [], duties: [], unreadable: 1 };
  const identities = read.data.identities.map((each) => identity.safeParse(each));
  const contracts = read.data.contracts.map((each) => contract.safeParse(each));
  const duties = read.data.duties.map((each) => duty.safeParse(each));
  return {
    identities: identities.flatMap(({ data }) =>
      data === undefined ? [] : [{ intentId, ...data }],
    ),
    contracts: contracts.flatMap(({ data }) => (data === undefined ? [] : [{ intentId, ...data }])),
    duties: duties.flatMap(({ data }) => (data === undefined ? [] : [{ intentId, ...data }])),
    unreadable: [...identities, ...contracts, ...duties].filter(({ success }) => !success).length,
  };
}
