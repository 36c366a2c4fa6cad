import {
  isDocumentProblem,
  listOf,
  readPolicy,
  type Statement,
  statementsOf,
} from "../../authority/evaluate/iam-document.ts";

const CONFIGURES = "dynamodb:PutResourcePolicy";

/** Whom the deployment calls its administrators: those whom a table's policy excepts from its Deny to replace it. */
export function administratorsIn(tablePolicy: object | undefined): readonly string[] {
  const document = tablePolicy === undefined ? { problem: "none" } : readPolicy(tablePolicy);
  if (isDocumentProblem(document)) return [];
  return statementsOf(document).filter(protectsPolicy).flatMap(excepted);
}

const protectsPolicy = ({ Effect, Action }: Statement): boolean =>
  Effect === "Deny" && listOf(Action).includes(CONFIGURES);

const excepted = ({ Condition = {} }: Statement): readonly string[] =>
  Object.entries(Condition)
    .filter(([operator]) => /^ArnNot(Equals|Like)$/.test(operator))
    .flatMap(([, keys]) => listOf(keys["aws:PrincipalArn"]).map(String));
