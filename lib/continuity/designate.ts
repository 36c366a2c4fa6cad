import { type Refusal, refuse } from "../refusal.ts";
import type { Designation } from "../request/request.ts";
import { type KnownAgent, type TrustPolicy, trustedThumbprints } from "../trust/policy.ts";
import type { Executor } from "./statement.ts";

/** By what a designation is judged. */
export interface Designating {
  /** As published: also of a key that was revoked it is known whose it is. */
  readonly policy: TrustPolicy;
  /** Thumbprints of the anchors, which stand in no trust policy and may not act either. */
  readonly anchors: readonly string[];
  /** Labels that the `delegation` of the block that is handed on from asks of every new executor. */
  readonly labels: readonly string[];
}

const AT = "/request/designate";
const mismatch = (detail: string, member: string): Refusal =>
  refuse("EXECUTOR_MISMATCH", detail, `${AT}${member}`);

/**
 * Whom a delegate request designates (PROTOCOL.md §8), always by key: the one that it names, or the one agent of the
 * trust policy that meets its criterion, whether or not that one is halted; governance must have said who is meant, so
 * none and several are refused alike. Whether the key is revoked, the agent halted, or the key recorded under another
 * actor id, is for whoever knows State.
 */
export function designated(designation: Designation, by: Designating): Executor | Refusal {
  const agents = by.policy.agents ?? [];
  const found = resolved(designation, agents);
  if ("refused" in found) return found;
  const { agent, jkt } = found;
  if (trustedThumbprints(by.policy).has(jkt) || by.anchors.includes(jkt)) {
    return mismatch("a key of the trust policy, or an anchor's, cannot be an executor", "/jkt");
  }
  if (!carriesLabels(jkt, by.labels, by.policy)) {
    return mismatch(`the key does not carry the labels ${by.labels.join(", ")}`, "");
  }
  const isOther = agents.some((each) => (each.jkt === jkt) !== (each.name === agent));
  return isOther
    ? refuse("ACTOR_MISMATCH", "the trust policy has another key or name there", `${AT}/agent`)
    : found;
}

function resolved(
  { jkt, agent, labels }: Designation,
  agents: readonly KnownAgent[],
): Executor | Refusal {
  if (jkt !== undefined) return { agent, jkt };
  const met = agents.filter((each) =>
    labels === undefined
      ? each.name === agent
      : labels.every((label) => each.labels.includes(label)),
  );
  const [one] = met;
  return one !== undefined && met.length === 1
    ? { agent: one.name, jkt: one.jkt }
    : mismatch(`${met.length} agents of the trust policy meet it; exactly one must`, "");
}

/** Whether a key carries labels by the trust policy of now; none are carried by any key (POC-08). */
export const carriesLabels = (
  jkt: string,
  labels: readonly string[],
  { agents = [] }: Pick<TrustPolicy, "agents">,
): boolean => {
  const own = agents.find((each) => each.jkt === jkt)?.labels ?? [];
  return labels.every((label) => own.includes(label));
};
