import { descriptorOf } from "../../actions/catalogue.ts";
import { toInstant } from "../../clock.ts";
import { type Assumption, isStale, judgeObserved, mustRecheck } from "../../contract/assumption.ts";
import type { Contract, ReadContract } from "../../contract/contract.ts";
import { gateOf, type Step } from "../../contract/step.ts";
import type { Observation } from "../../evidence/details.ts";
import { CALL_TIMEOUT } from "../../execution/run.ts";
import { isRefusal, type Refusal, refusalOf, refuse } from "../../refusal.ts";
import type { TrustPolicy } from "../../trust/policy.ts";
import { type IssueDeps, targetPlace } from "../deps.ts";
import type { Judgement } from "../judgement.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";
import { stage } from "../stage.ts";

/** Every assumption of a contract that was seen to hold, with what was seen of it. */
export type Context = readonly Observation[];

interface Supposing {
  readonly contract: ReadContract;
  readonly trust: TrustSnapshot;
}

/**
 * Stage `context`: reads every assumption by the reader role of its family, now. A read that fails is unknown, and
 * unknown is never fine (VAI-56, VAI-88); a reader role that cannot be had is a dependency that failed (PROTOCOL.md §4).
 */
export const CONTEXT = stage<Supposing, Judgement>("context").look(
  "context",
  async ({ contract, trust }, { deps }) => {
    const context = await observe(deps, contract.claims, trust.policy, () => true);
    return isRefusal(context) ? context : { context };
  },
);

interface Rechecking extends Supposing {
  readonly step: Step;
  readonly context: Context;
}

/**
 * The same once more, immediately before the call: what the class or the contract wants to be seen again (VAI-86).
 * What is not seen again must still be young enough (VAI-87).
 */
export const RECHECK = stage<Rechecking, Judgement>("context").look(
  "context",
  async ({ contract: { claims }, step, trust, context: before }, { deps }) => {
    const isDue = (assumption: Assumption): boolean =>
      mustRecheck(assumption, claims.risk, gateOf(step));
    const now = deps.clock();
    for (const [index, assumption] of (claims.assumptions ?? []).entries()) {
      if (isDue(assumption)) continue;
      if (!isStale(before[index]?.observedAt, assumption.maxAgeSeconds, now)) continue;
      const where = `/contract/assumptions/${index}`;
      return refuse("CONTEXT_STALE", `${assumption.name} was seen too long ago`, where);
    }
    const rechecked = await observe(deps, claims, trust.policy, isDue);
    return isRefusal(rechecked) ? rechecked : { rechecked };
  },
);

async function observe(
  deps: IssueDeps,
  contract: Contract,
  policy: TrustPolicy,
  isWanted: (assumption: Assumption) => boolean,
): Promise<Context | Refusal> {
  const wanted = [...(contract.assumptions ?? []).entries()].filter(([, each]) => isWanted(each));
  const seen = await Promise.all(
    wanted.map(([index, assumption]) => observeOne(deps, policy, assumption, index)),
  );
  return seen.find(isRefusal) ?? (seen as Observation[]);
}

async function observeOne(
  deps: IssueDeps,
  policy: TrustPolicy,
  assumption: Assumption,
  index: number,
): Promise<Observation | Refusal> {
  const unknown = (): Refusal =>
    refuse(
      "CONTEXT_UNAVAILABLE",
      `${assumption.name} could not be read, and unknown is never taken as fine`,
      `/contract/assumptions/${index}`,
    );
  const read = deps.readOf(assumption.read);
  const readerRoleArn = read && readerRoleOf(policy, read.family);
  if (read === undefined || readerRoleArn === undefined) return unknown();
  // Before the answer came: it may be older than its arrival, never younger.
  const observedAt = toInstant(deps.clock());
  const credentials = await deps.readerCredentials(readerRoleArn, read.family).catch(refusalOf);
  if (isRefusal(credentials)) return credentials;
  try {
    const settings = { ...targetPlace(deps), credentials, timeoutMilliseconds: CALL_TIMEOUT };
    const answer = await read.fetch(assumption, settings);
    const judged = judgeObserved(assumption, index, answer);
    return isRefusal(judged)
      ? judged
      : { name: assumption.name, digest: judged.digest, observedAt };
  } catch {
    return unknown();
  }
}

/** The reader role of a family, as the trust policy names it for any action of that family. */
export const readerRoleOf = ({ actions }: TrustPolicy, family: string): string | undefined =>
  actions.find(({ action }) => descriptorOf(action)?.family === family)?.readerRoleArn;
