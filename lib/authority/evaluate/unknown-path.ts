import type { ValueMatch } from "./operators/operator.ts";

/**
 * A match against `aws:PrincipalArn` that answers only what holds whatever the path of the session's
 * role is: with no path, and with every other. Where the paths make a difference it is `undefined`,
 * so a Deny counts and an Allow does not: an SCP that spares or denies roles by their path must not
 * be passed by a session whose path nobody said.
 * @param text - the policy's value, which `match` was compiled from
 */
export const forAnyPath =
  (match: ValueMatch, text: string): ValueMatch =>
  (actual, values) => {
    const answer = match(actual, values);
    if (values.unknownPath !== actual) return answer;
    return answer === answerForPaths(text, actual) ? answer : undefined;
  };

/** `true`: every path matches, `false`: none does, `undefined`: some may. Wildcards are taken as such. */
function answerForPaths(text: string, role: string): boolean | undefined {
  if (text.includes("${")) return undefined;
  const [folder, name] = [
    role.slice(0, role.lastIndexOf("/") + 1),
    role.slice(role.lastIndexOf("/")),
  ];
  if (!canMeet(text, `${folder}*${name}`)) return false;
  const isOpenEnded = text.endsWith("*") && canMeetPrefix(text.slice(0, -1), folder);
  return isOpenEnded ? true : undefined;
}

/** Whether a pattern matches the beginning of a text, so that with `*` behind it everything of that beginning. */
const canMeetPrefix = (pattern: string, text: string): boolean =>
  [...Array(text.length + 1).keys()].some((length) => canMeet(pattern, text.slice(0, length)));

/** Whether some text matches both of two patterns of `*` and `?`. */
function canMeet(left: string, right: string): boolean {
  const seen = new Set<number>();
  const meet = (i: number, j: number): boolean => {
    const place = i * (right.length + 1) + j;
    if (seen.has(place)) return false;
    seen.add(place);
    const [one, other] = [left[i], right[j]];
    if (one === undefined && other === undefined) return true;
    if (one === "*" && (meet(i + 1, j) || (other !== undefined && meet(i, j + 1)))) return true;
    if (other === "*" && (meet(i, j + 1) || (one !== undefined && meet(i + 1, j)))) return true;
    if (one === undefined || other === undefined || one === "*" || other === "*") return false;
    return (one === other || one === "?" || other === "?") && meet(i + 1, j + 1);
  };
  return meet(0, 0);
}
