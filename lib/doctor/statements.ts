import { evaluatePolicies } from "../authority/evaluate/evaluate.ts";
import { listOf, type Statement } from "../authority/evaluate/iam-document.ts";

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

const TAG = "aws:principaltag/vai-identity";

/**
 * Whether an Allow says nothing without the tag `vai-identity` of an issued session. Only the statement's conditions on
 * that tag count, so that no other condition can stand in for them by chance; how they work is asked of the evaluator.
 */
export function isTagged({ Condition = {} }: Statement): boolean {
  const onTag = Object.entries(Condition).flatMap(([operator, keys]) => {
    const kept = Object.entries(keys).filter(([key]) => key.toLowerCase() === TAG);
    return kept.length === 0 ? [] : [[operator, Object.fromEntries(kept)] as const];
  });
  const policy = {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: "*", Resource: "*", Condition: Object.fromEntries(onTag) },
    ],
  };
  const allows = (context: Readonly<Record<string, string>>): boolean =>
    evaluatePolicies(
      { identity: [policy] },
      {
        ...{ action: "sts:GetCallerIdentity", resource: "*" },
        ...{ principalArn: "arn:aws:sts::000000000000:assumed-role/any/any", context },
      },
    ).decision === "Allow";
  return (
    allows({ "aws:PrincipalTag/vai-identity": ANY_IDENTITY }) &&
    !allows({}) &&
    !allows({ "aws:PrincipalTag/vai-identity": "somebody" })
  );
}
