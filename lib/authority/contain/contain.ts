import { NO_KEYS, type TargetKeys } from "../../actions/target-keys.ts";
import type { Contract } from "../../contract/contract.ts";
import type { Step } from "../../contract/step.ts";
import { decide } from "../evaluate/evaluate.ts";
import {
  isDocumentProblem,
  type PolicyDocument,
  readPolicy,
  type Statement,
  statementsOf,
} from "../evaluate/iam-document.ts";
import { type CompiledPolicies, type CompiledPolicy, compilePolicy } from "../evaluate/policies.ts";
import { changed, type PreparedRequest } from "../evaluate/request-context.ts";
import { compileDocument } from "../evaluate/statement.ts";
import { withoutCut } from "./cut.ts";
import { formExcess } from "./form.ts";
import { keySubjects, withKeys } from "./key-subjects.ts";
import { type Prober, proberIn } from "./prober.ts";
import {
  probesBeyond,
  REGION,
  requestAt,
  type Subject,
  subjectsOf,
  TIME,
  type Witness,
  witnessOf,
} from "./probes.ts";
import { type Excess, structuralExcess } from "./structure.ts";
import { vocabularyOf } from "./vocabulary.ts";

/**
 * Whether a session policy allows nothing beyond the contract; if it does, the first such request
 * that was found.
 */
export interface Containment {
  readonly contained: boolean;
  readonly witness?: Witness;
  readonly reason?: string;
}

/** What a session policy may hold beyond its step. */
export interface Exceptions {
  /** Keys of targets that are encrypted; default: none is. */
  readonly targetKeys?: TargetKeys;
  /** Whether the session is cut before it leaves; default: it is not. */
  readonly isCut?: boolean;
}

/**
 * Proves on the *result* that a session policy is no wider than the step of the contract (VAI-47),
 * whoever derived it and how: this file knows nothing of the derivation. Four parts, each of which
 * must hold by itself:
 *
 * 1. the text: every Allow names listed actions and resources literally, set conditions are
 *    guarded;
 * 2. the Allows alone, for a session that its role would let do everything, allow nothing beyond
 *    the step: for each condition key as if every other condition were met;
 * 3. the Denies alone, for a session to which a resource policy grants everything, deny everything
 *    beyond the step. Each dimension is judged by the Denies that look at that dimension only: one
 *    that also looks at another would leave a gap where the other does not hold;
 * 4. the closed form itself (`contain-form.ts`): probes can be evaded by a policy that knows them,
 *    so nothing is contained that lacks one of the complements.
 *
 * Where targets are encrypted, the uses of their keys that `targetKeys` calls for are the one exception (VAI-47); all
 * conditions of such a policy are then judged by the Denies alone, for there is no room to say them twice, and an
 * explicit Deny needs no Allow beside it to hold.
 *
 * Of a session that is cut before it leaves (`isCut`) the call that cuts it is another exception; `cut.ts` says which
 * words make it, and all other words are proved without them.
 *
 * A policy may be narrower than the step, for one operation of it or for a shorter time; but some
 * call that the step lists must be allowed: an empty policy proves nothing.
 */
export function proveContainment(
  sessionPolicy: object,
  contract: Contract,
  step: Step,
  { targetKeys = NO_KEYS, isCut = false }: Exceptions = {},
): Containment {
  const read = readPolicy(sessionPolicy);
  if (isDocumentProblem(read))
    return { contained: false, reason: `not a session policy: ${read.problem}` };
  const policy = isCut ? withoutCut(read) : read;
  const words = vocabularyOf(policy);
  const own = subjectsOf(step, contract, words);
  const keys = keySubjects(step, contract, targetKeys);
  const [subjects, listed] = [[...own, ...keys], withKeys(step, keys)];
  const excess = structuralExcess(policy, listed, contract, probedKeys(subjects));
  if (excess !== undefined) return beyondByText(excess, contract, step, subjects);
  const compiled = compileDocument(policy);
  const prober = proberIn(contract);
  if (!own.some((subject) => allowsListedCall(subject, contract, compiled, prober))) {
    return { contained: false, reason: "allows no call that the step lists" };
  }
  const bare = keys.length > 0;
  const sides = sidesOf(policy, compiled, prober, bare);
  for (const subject of subjects) {
    const call = requestAt(subject, contract, contract.nbf * 1000);
    const request = prober.prepare(call);
    for (const probe of probesBeyond(subject, contract, listed, words)) {
      if (sides.refuse(probe.dimension, changed(request, probe))) continue;
      const reason = `wider in ${probe.dimension}`;
      return { contained: false, witness: witnessOf(call, probe), reason };
    }
  }
  const open = formExcess(statementsOf(policy), contract, { step: listed, subjects, bare });
  return open === undefined ? { contained: true } : beyondByText(open, contract, step, subjects);
}

const ANYTHING = compilePolicy({
  Version: "2012-10-17",
  Statement: { Effect: "Allow", Action: "*", Resource: "*" },
});

const probedKeys = (subjects: readonly Subject[]): ReadonlySet<string> =>
  new Set([
    TIME,
    REGION,
    ...subjects.flatMap(({ keys }) => keys.map(({ name }) => name.toLowerCase())),
  ]);

function beyondByText(
  excess: Excess,
  contract: Contract,
  step: Step,
  subjects: readonly Subject[],
): Containment {
  const [subject] = subjects;
  const fallback = { action: step.actions[0] ?? "", resource: step.resources[0] ?? "", keys: [] };
  const call = requestAt(subject ?? fallback, contract, contract.nbf * 1000);
  const { reason, action = call.action, resource = call.resource } = excess;
  return { contained: false, witness: { ...call, action, resource }, reason };
}

/** Whether the policy allows the listed call at some instant of the window; it may end earlier. */
function allowsListedCall(
  subject: Subject,
  contract: Contract,
  session: CompiledPolicy,
  prober: Prober,
): boolean {
  const { nbf, exp } = contract;
  const instants = [nbf, exp - 1, Math.floor((nbf + exp) / 2)];
  return instants.some((seconds) => {
    const call = requestAt(subject, contract, seconds * 1000);
    return isAllowed({ identity: [ANYTHING], session }, prober.prepare(call));
  });
}

const isAllowed = (policies: CompiledPolicies, request: PreparedRequest): boolean =>
  decide(policies, request).decision === "Allow";

interface Sides {
  /** Whether Allows and Denies, each alone, refuse a request that is beyond in one dimension. */
  refuse(dimension: string, request: PreparedRequest): boolean;
}

/**
 * Actions and resources of the Allows are judged by their text; time and region are bounds of the
 * Denies alone.
 */
const DENIED_ONLY: ReadonlySet<string> = new Set(["action", "resource", TIME, REGION]);

function sidesOf(
  policy: PolicyDocument,
  compiled: CompiledPolicy,
  prober: Prober,
  bare: boolean,
): Sides {
  const statements = statementsOf(policy);
  // A session policy limits what lies in another account, so there the Denies stand beside an Allow
  // of everything: they alone must refuse.
  const denies = remembered((dimension) => ({
    identity: [ANYTHING],
    resource: [prober.toSession],
    session: [
      ...ANYTHING,
      ...compiled.filter(({ index }) => isDenyOf(statements[index], dimension)),
    ],
  }));
  const allows = remembered((dimension) => ({
    identity: [ANYTHING],
    resource: [prober.toRole],
    session: compileDocument(allowsOf(policy, dimension)),
  }));
  return {
    refuse: (dimension, request) =>
      !isAllowed(denies(dimension), request) &&
      (bare || DENIED_ONLY.has(dimension) || !isAllowed(allows(dimension), request)),
  };
}

function remembered(
  build: (dimension: string) => CompiledPolicies,
): (dimension: string) => CompiledPolicies {
  const known = new Map<string, CompiledPolicies>();
  return (dimension) => {
    const found = known.get(dimension) ?? build(dimension);
    known.set(dimension, found);
    return found;
  };
}

/** A Deny that looks at nothing else: whatever else a request has, it applies. */
const isDenyOf = (statement: Statement | undefined, dimension: string): boolean =>
  statement?.Effect === "Deny" &&
  Object.values(statement.Condition ?? {}).every((block) =>
    Object.keys(block).every((key) => key.toLowerCase() === dimension),
  );

/** Allows as if the request met every other condition: none may hide behind another. */
function allowsOf(policy: PolicyDocument, dimension: string): PolicyDocument {
  const allows = statementsOf(policy).filter(({ Effect }) => Effect === "Allow");
  const lookingAt = (block: Record<string, unknown>): object =>
    Object.fromEntries(Object.entries(block).filter(([key]) => key.toLowerCase() === dimension));
  const statements = allows.map((statement) => ({
    ...statement,
    Condition: Object.fromEntries(
      Object.entries(statement.Condition ?? {}).map(([operator, block]) => [
        operator,
        lookingAt(block),
      ]),
    ) as NonNullable<Statement["Condition"]>,
  }));
  return { ...policy, Statement: statements };
}
