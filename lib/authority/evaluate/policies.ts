import {
  type DocumentProblem,
  isDocumentProblem,
  type PolicyDocument,
  principalPolicyProblem,
  readPolicy,
} from "./iam-document.ts";
import { type CompiledStatement, compileDocument } from "./statement.ts";

/**
 * IAM JSON documents by kind (PROTOCOL.md §12). Absent kinds do not limit, nor does an empty list of
 * SCPs; `scp` is one level, its documents a union.
 */
export interface Policies {
  readonly identity: readonly object[];
  readonly session?: object | undefined;
  readonly boundary?: object | undefined;
  readonly resource?: readonly object[] | undefined;
  readonly scp?: readonly object[] | undefined;
}

/** Statements ready for matching. */
export type CompiledPolicy = readonly CompiledStatement[];

/** {@link Policies}, compiled. */
export interface CompiledPolicies {
  readonly identity: readonly CompiledPolicy[];
  readonly session?: CompiledPolicy | undefined;
  readonly boundary?: CompiledPolicy | undefined;
  readonly resource?: readonly CompiledPolicy[] | undefined;
  readonly scp?: readonly CompiledPolicy[] | undefined;
}

/** @throws {TypeError} when a document is not an IAM policy that this evaluator knows in full. */
export const compilePolicies = (policies: Policies): CompiledPolicies => ({
  identity: policies.identity.map(ofPrincipal),
  session: policies.session && ofPrincipal(policies.session),
  boundary: policies.boundary && ofPrincipal(policies.boundary),
  resource: policies.resource?.map(ofResource),
  scp: policies.scp?.map(ofPrincipal),
});

/**
 * A policy that belongs to a principal: identity, session, boundary, SCP.
 * @throws {TypeError} when the document is not one that this evaluator knows in full.
 */
export const compilePolicy = (document: object): CompiledPolicy =>
  compile(document, principalPolicyProblem);

/** A policy that belongs to a resource and names principals. */
const compileResourcePolicy = (document: object): CompiledPolicy =>
  compile(document, () => undefined);

function compile(
  document: object,
  problemOf: (policy: PolicyDocument) => DocumentProblem | undefined,
): CompiledPolicy {
  const policy = readPolicy(document);
  const problem = isDocumentProblem(policy) ? policy : problemOf(policy);
  if (isDocumentProblem(policy) || problem !== undefined)
    throw new TypeError(`not an IAM policy: ${problem?.problem}`);
  return compileDocument(policy);
}

const ofPrincipal = remembered(compilePolicy);
const ofResource = remembered(compileResourcePolicy);

/**
 * Remembered by object *and* text: a document that was changed in place must not be judged as what
 * it was.
 */
function remembered(build: (document: object) => CompiledPolicy) {
  const cache = new WeakMap<object, { readonly text: string; readonly policy: CompiledPolicy }>();
  return (document: object): CompiledPolicy => {
    const text = JSON.stringify(document);
    const known = cache.get(document);
    if (known?.text === text) return known.policy;
    const policy = build(document);
    cache.set(document, { text, policy });
    return policy;
  };
}
