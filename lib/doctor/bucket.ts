import type { BucketFacts, Lock } from "../aws/inspect/bucket.ts";
import { compareDocument } from "./compare.ts";
import { about, allOr, type Finding, type FindingSubject, REVERT, whenSeen } from "./finding.ts";
import type { Expected } from "./plane.ts";

/**
 * The bucket of emergencies: what is put there stays, and is put by the plane alone. Without it, or where somebody has opened
 * it, an emergency could be used twice between two reviews (VAI-126).
 */
export function checkBucket(facts: BucketFacts, { written }: Expected): readonly Finding[] {
  const { name, isVersioned, lock, policy } = facts;
  const subject = about(`bucket ${name}`);
  const missing = subject.problem(
    "there is no such bucket: no emergency can be used",
    "find out who deleted it, then deploy the stack again",
  );
  const open = subject.problem(
    "has no policy: whoever has S3 rights in the account can put and delete what is in it",
    REVERT,
  );
  const wanted = written?.buckets.get(name);
  return whenSeen(isVersioned, subject, missing, (isOn) => [
    ...allOr(subject.ok("keeps every version"), [
      !isOn && subject.problem("keeps no versions: what is put over an object hides it", REVERT),
    ]),
    ...whenSeen(lock, subject, checkLock(subject, undefined, wanted?.lock), (found) =>
      checkLock(subject, found, wanted?.lock),
    ),
    ...whenSeen(policy, subject, open, (text) => {
      if (wanted === undefined)
        return [subject.unseen("what its policy should be could not be seen")];
      const found = compareDocument(subject, "its policy", wanted.policy, text, []);
      return found.length > 0
        ? found
        : [subject.ok("its policy lets only the plane put, once, and nobody delete")];
    }),
  ]);
}

function checkLock(
  subject: FindingSubject,
  found: Lock | undefined,
  wanted: Lock | undefined,
): readonly Finding[] {
  if (found === undefined)
    return [subject.problem("locks nothing: what is put there can be deleted", REVERT)];
  const told = ({ mode, days }: Lock): string => `${mode}, ${days} days`;
  return wanted !== undefined && told(found) !== told(wanted)
    ? [subject.problem(`locks what is put by ${told(found)}, not ${told(wanted)}`, REVERT)]
    : [subject.ok(`locks what is put: ${told(found)}`)];
}
