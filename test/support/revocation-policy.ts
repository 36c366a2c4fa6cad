/** A session as IAM sees it. */
export interface Caller {
  /** Value of the tag `vai-identity`. */
  readonly tag: string;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
}

interface Statement {
  readonly Effect: string;
  readonly Condition?: {
    readonly StringEquals?: { readonly "aws:PrincipalTag/vai-identity": readonly string[] };
    readonly DateLessThan?: { readonly "aws:TokenIssueTime": string };
  };
}

/** Whether a revocation policy denies a session every call, by the few operators that are in it. */
export function denies(policy: string, { tag, issuedAt }: Caller): boolean {
  const { Statement } = JSON.parse(policy) as { readonly Statement: readonly Statement[] };
  return Statement.some(({ Effect, Condition = {} }) => {
    const { StringEquals, DateLessThan } = Condition;
    const isNamed = StringEquals?.["aws:PrincipalTag/vai-identity"].includes(tag) ?? true;
    const before = DateLessThan?.["aws:TokenIssueTime"];
    const isBefore = before === undefined || issuedAt < Date.parse(before) / 1000;
    return Effect === "Deny" && isNamed && isBefore;
  });
}
