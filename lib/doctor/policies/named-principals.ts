import {
  listOf,
  type PolicyDocument,
  type Principal,
  type Statement,
  statementsOf,
} from "../../authority/evaluate/iam-document.ts";
import { sessionOf } from "../plane.ts";

/** Somebody whom a policy names, in the form in which the evaluator can be asked about them. */
export interface NamedPrincipal {
  /** As the policy has it. */
  readonly name: string;
  readonly principalArn: string;
  readonly context: Readonly<Record<string, string>>;
}

/** Whom a policy names: in its principals, and as exceptions and conditions on `aws:PrincipalArn`. */
export interface Named {
  readonly principals: readonly NamedPrincipal[];
  /** Services, federations, canonical users, ids of principals that were deleted: nobody can be asked about those. */
  readonly unaskable: readonly string[];
}

const PRINCIPAL_ARN = "aws:principalarn";

/** Everybody whom a policy of a partition names, each once. `*` is everybody, and asked about anyway. */
export function namedIn(document: PolicyDocument, partition: string): Named {
  const names = new Set(statementsOf(document).flatMap(namesIn));
  names.delete("*");
  const asked = [...names].map((name) => ({ name, who: askable(name, partition) }));
  return {
    principals: asked.flatMap(({ name, who }) => (who === undefined ? [] : [{ name, ...who }])),
    unaskable: asked.flatMap(({ name, who }) => (who === undefined ? [name] : [])),
  };
}

function namesIn({ Principal, NotPrincipal, Condition = {} }: Statement): readonly string[] {
  const inConditions = Object.values(Condition).flatMap((keys) =>
    Object.entries(keys)
      .filter(([key]) => key.toLowerCase() === PRINCIPAL_ARN)
      .flatMap(([, values]) => listOf(values).map(String)),
  );
  return [...namesOf(Principal), ...namesOf(NotPrincipal), ...inConditions];
}

const namesOf = (principal: Principal | undefined): readonly string[] => {
  if (principal === undefined) return [];
  return principal === "*" ? ["*"] : Object.values(principal).flatMap((names) => listOf(names));
};

/** A name with wildcards is asked about as one that it fits; a role as a session of it, path and all. */
function askable(name: string, partition: string): Omit<NamedPrincipal, "name"> | undefined {
  const arn = /^\d{12}$/.test(name)
    ? `arn:${partition}:iam::${name}:root`
    : name.replaceAll("*", "vai-doctor-asks").replaceAll("?", "x");
  if (/^arn:[^:]+:iam::\d{12}:root$/.test(arn)) return { principalArn: arn, context: {} };
  if (/^arn:[^:]+:iam::\d{12}:role\/./.test(arn))
    return { principalArn: sessionOf(arn), context: { "aws:PrincipalArn": arn } };
  if (/^arn:[^:]+:(iam::\d{12}:user|sts::\d{12}:(assumed-role|federated-user))\/./.test(arn))
    return { principalArn: arn, context: {} };
  return undefined;
}
