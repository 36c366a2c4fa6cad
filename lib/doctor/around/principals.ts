import {
  isDocumentProblem,
  type PolicyDocument,
  principalPolicyProblem,
  readPolicy,
} from "../../authority/evaluate/iam-document.ts";
import type { AccountFacts, AccountPrincipal } from "../../aws/inspect/account.ts";
import { sessionOf } from "../plane.ts";
import { loosened } from "./loosened.ts";

/** Documents of a principal, as they are and as an upper bound. */
export interface Bounds {
  readonly identity: readonly PolicyDocument[];
  readonly boundary?: PolicyDocument;
}

/** A user or role as the evaluator is asked about it. */
export interface AskedPrincipal {
  readonly arn: string;
  /** Who makes its calls: the user, or a session of the role. */
  readonly principalArn: string;
  readonly context: Readonly<Record<string, string>>;
  readonly trust?: string;
  readonly groups: readonly string[];
  /** ARNs of its managed policies, those of its groups and its boundary included. */
  readonly managed: readonly string[];
  readonly exact: Bounds;
  /** What it may do in any circumstances. */
  readonly most: Bounds;
  /** Documents that cannot be judged, by what is wrong with them. */
  readonly unjudged: readonly string[];
}

/** Everything, which is what a document that nobody can judge may allow. */
const ANYTHING: PolicyDocument = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
};

/** A principal with its policies read; what cannot be judged allows anything in the upper bound and nothing else. */
export function principalOf(
  facts: AccountPrincipal,
  policies: AccountFacts["policies"],
): AskedPrincipal {
  const read = [
    ...facts.inline.map(documentOf),
    ...facts.attached.map((arn) => managed(policies, arn)),
  ];
  const exact = read.filter((each) => "Statement" in each);
  const bounds = facts.boundary === undefined ? [] : [managed(policies, facts.boundary)];
  const [boundary] = bounds.filter((each) => "Statement" in each);
  const unjudged = [...read, ...bounds].flatMap((each) =>
    "problem" in each ? [each.problem] : [],
  );
  const isRole = facts.trust !== undefined;
  return {
    arn: facts.arn,
    principalArn: isRole ? sessionOf(facts.arn) : facts.arn,
    context: { "aws:PrincipalArn": facts.arn },
    ...(facts.trust !== undefined && { trust: facts.trust }),
    groups: facts.groups ?? [],
    managed: [...facts.attached, facts.boundary ?? []].flat(),
    // Without its boundary nobody knows what it surely can.
    exact: {
      identity: bounds.length > 0 && boundary === undefined ? [] : exact,
      ...(boundary !== undefined && { boundary }),
    },
    most: {
      identity: [...exact.map(loosened), ...(unjudged.length > 0 ? [ANYTHING] : [])],
      ...(boundary !== undefined && { boundary: loosened(boundary) }),
    },
    unjudged,
  };
}

type Read = PolicyDocument | { readonly problem: string };

function managed(policies: AccountFacts["policies"], arn: string): Read {
  const found = policies.get(arn);
  if (found?.status === "seen") return documentOf(found.value);
  const why = found?.status === "unseen" ? found.why : "IAM did not say what is in it";
  return { problem: `${arn}: ${why}` };
}

function documentOf(text: string): Read {
  try {
    const read = readPolicy(JSON.parse(text));
    return isDocumentProblem(read) ? read : (principalPolicyProblem(read) ?? read);
  } catch {
    return { problem: "it is not JSON" };
  }
}
