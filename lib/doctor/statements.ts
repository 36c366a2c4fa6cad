import { CUT_ACTION } from "../authority/cut-action.ts";
import { evaluatePolicies } from "../authority/evaluate/evaluate.ts";
import { listOf, type Statement } from "../authority/evaluate/iam-document.ts";
import { IDENTITY_TAG } from "../issuance/assume-role.ts";
import { PROBE_TAG } from "../lifecycle/probe.ts";

/** The name, source identity and tag of an issued session, in the form that the plane gives it. */
export const ANY_IDENTITY = `vai-${"0123456789abcdef".repeat(2).slice(0, 26)}`;

/** Of a read, by its verb; wildcards are allowed behind it only. */
export const READ_ACTION = /^[a-z0-9-]+:(Get|Describe|List|Head|Query|Scan|BatchGet)[A-Za-z]*\*?$/;

export const listed = (value: string | readonly string[] | undefined): readonly string[] =>
  listOf(value);

/** What a service decrypts for who reads by it (KMS developer guide, `kms:ViaService`): no call of the role's own. */
export const isKeyUse = ({ Action, Condition = {} }: Statement): boolean =>
  listed(Action).every((action) => action === "kms:Decrypt") &&
  listOf(Condition["StringEquals"]?.["kms:ViaService"]).length === 1;

const TAGS: ReadonlySet<string> = new Set(
  [IDENTITY_TAG, PROBE_TAG].map((tag) => `aws:principaltag/${tag}`),
);

type Tags = Readonly<Partial<Record<typeof IDENTITY_TAG | typeof PROBE_TAG, string>>>;

/**
 * Whether an Allow lets a session with these tags through. Only the statement's conditions on the two tags count, so that
 * no other condition can stand in for them by chance; how they work is asked of the evaluator.
 */
function letsThrough({ Condition = {} }: Statement, tags: Tags): boolean {
  const onTags = Object.entries(Condition).flatMap(([operator, keys]) => {
    const kept = Object.entries(keys).filter(([key]) => TAGS.has(key.toLowerCase()));
    return kept.length === 0 ? [] : [[operator, Object.fromEntries(kept)] as const];
  });
  const policy = {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: "*", Resource: "*", Condition: Object.fromEntries(onTags) },
    ],
  };
  const context = Object.fromEntries(
    Object.entries(tags).map(([tag, value]) => [`aws:PrincipalTag/${tag}`, value]),
  );
  return (
    evaluatePolicies(
      { identity: [policy] },
      {
        ...{ action: "sts:GetCallerIdentity", resource: "*" },
        ...{ principalArn: "arn:aws:sts::000000000000:assumed-role/any/any", context },
      },
    ).decision === "Allow"
  );
}

/** Whether an Allow says nothing without the tag `vai-identity` of an issued session. */
export const isTagged = (statement: Statement): boolean =>
  letsThrough(statement, { "vai-identity": ANY_IDENTITY }) &&
  !letsThrough(statement, {}) &&
  !letsThrough(statement, { "vai-identity": "somebody" });

const PROBING: Tags = { "vai-identity": ANY_IDENTITY, "vai-probe": "true" };

/** Whether an Allow says something to a session that only asks whether another one is denied. */
export const reachesProbes = (statement: Statement): boolean => letsThrough(statement, PROBING);

/** Whether an Allow is of the cut of a session alone. */
export const isOfCut = ({ Action, NotAction }: Statement): boolean =>
  NotAction === undefined && listed(Action).every((action) => action === CUT_ACTION);
