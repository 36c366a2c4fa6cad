import type { RoleFacts } from "../aws/inspect/roles.ts";
import { compareRole } from "./compare-role.ts";
import { about, type Finding, REVERT } from "./finding.ts";
import type { Expected } from "./plane.ts";

/**
 * A function's role: what the stack wrote, and nothing else. What it could do besides has no contract, no session policy
 * and no boundary.
 */
export function checkFunctionRole(facts: RoleFacts, expected: Expected): readonly Finding[] {
  const subject = about(`role ${facts.arn.slice(facts.arn.indexOf("/") + 1)}`);
  const missing = subject.problem("there is no such role", REVERT);
  const unseen = [facts.trust, facts.policies, facts.boundary].flatMap((each) =>
    each.status === "unseen" ? [subject.unseen(each.why)] : [],
  );
  if (facts.trust.status === "absent") return [missing];
  const found = compareRole(subject, facts, expected.written);
  const isCompared = expected.written?.roles.has(facts.arn) === true;
  if (unseen.length > 0 || found.length > 0 || !isCompared)
    return [...unseen.slice(0, 1), ...found];
  return [subject.ok("each of its documents is what the stack wrote, and nothing is attached")];
}
