import { type AccessRequest, evaluatePolicies } from "../authority/evaluate/evaluate.ts";
import {
  isDocumentProblem,
  type PolicyDocument,
  readPolicy,
  type Statement,
  statementsOf,
} from "../authority/evaluate/iam-document.ts";
import type { Finding, FindingSubject } from "./finding.ts";

/** The rights of an administrator. */
export const EVERYTHING = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
} as const;

/** Reads policy texts and checks them; a document that cannot be judged in full is a problem, never passed over. */
export function withPolicies(
  subject: FindingSubject,
  texts: readonly string[],
  check: (documents: readonly PolicyDocument[]) => readonly Finding[],
): readonly Finding[] {
  const documents = texts.map(documentOf);
  const bad = documents.find((each) => isDocumentProblem(each));
  if (bad !== undefined && isDocumentProblem(bad)) {
    return [
      subject.problem(
        `a policy cannot be judged: ${bad.problem}`,
        "read it by hand, or write it with elements that the evaluator knows (lib/authority/README.md)",
      ),
    ];
  }
  return check(documents as readonly PolicyDocument[]);
}

function documentOf(text: string): PolicyDocument | { readonly problem: string } {
  try {
    return readPolicy(JSON.parse(text));
  } catch {
    return { problem: "it is not JSON" };
  }
}

/** Whether an explicit Deny of a resource policy stops even somebody with every right. */
export const denies = (resourcePolicy: object, request: AccessRequest): boolean =>
  evaluatePolicies({ identity: [EVERYTHING], resource: [resourcePolicy] }, asItsRole(request))
    .decision === "ExplicitDeny";

/**
 * Whether a key policy or a role's trust policy lets somebody with every right do something. Such a policy must itself
 * allow: by naming the principal, its role, everybody, or the account (KMS and STS developer guides); an identity
 * policy alone never does.
 */
export function lets(policy: PolicyDocument, request: AccessRequest): boolean {
  if (denies(policy, request)) return false;
  const grants = { ...policy, Statement: statementsOf(policy).filter(isAllow) };
  const [, partition = "", , , account = ""] = request.principalArn.split(":");
  const root = `arn:${partition}:iam::${account}:root`;
  return [request.principalArn, root].some(
    (principalArn) =>
      evaluatePolicies(
        { identity: [], resource: [grants] },
        {
          ...request,
          principalArn,
          // Conditions on the principal are about who asks, not about the account that it is delegated to.
          context: asItsRole(request).context,
        },
      ).decision === "Allow",
  );
}

const isAllow = ({ Effect }: Statement): boolean => Effect === "Allow";

/** A request whose role is known: without a path unless the context says which (infra's are named, or are imagined). */
const asItsRole = (request: AccessRequest): AccessRequest => ({
  ...request,
  context: { "aws:PrincipalArn": principalOf(request.principalArn), ...request.context },
});

/** What `aws:PrincipalArn` holds for a session: its role. */
const principalOf = (arn: string): string =>
  arn.replace(/^(arn:[^:]+):sts:([^:]*:[^:]*):assumed-role\/([^/]+)\/.*$/, "$1:iam:$2:role/$3");
