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

/**
 * `true`: every path matches, `false`: none does, `undefined`: some may. Wildcards are taken as such, and letters of
 * either case as one where that finds more: some operators read them so.
 */
function answerForPaths(text: string, role: string): boolean | undefined {
  if (text.includes("${")) return undefined;
  const [folder, name] = [
    role.slice(0, role.lastIndexOf("/") + 1),
    role.slice(role.lastIndexOf("/")),
  ];
  if (!canMeet(text.toLowerCase(), `${folder}*${name}`.toLowerCase())) return false;
  const isOpenEnded = text.endsWith("*") && canMeetPrefix(text.slice(0, -1), folder);
  return isOpenEnded ? true : undefined;
}

/** Whether a pattern matches the beginning of a text, so that with `*` behind it everything of that beginning. */
const canMeetPrefix = (pattern: string, text: string): boolean =>
  [...Array(text.length + 1).keys()].some((length) => canMeet(pattern, text.slice(0, length)));

/**
 * Whether some text matches both of two patterns of `*` and `?`: row by row from the end, so that a
 * policy full of wildcards costs no more than the product of the lengths.
 */
function canMeet(left: string, right: string): boolean {
  let below: boolean[] = [];
  for (let i = left.length; i >= 0; i--) {
    const row: boolean[] = [];
    for (let j = right.length; j >= 0; j--) {
      const [one, other] = [left[i], right[j]];
      const later = { down: below[j], right: row[j + 1], across: below[j + 1] };
      row[j] = one === undefined && other === undefined ? true : meets(one, other, later);
    }
    below = row;
  }
  return below[0] === true;
}

/** What meets behind one character of either, behind the left one, behind the right one. */
interface Later {
  readonly down: boolean | undefined;
  readonly right: boolean | undefined;
  readonly across: boolean | undefined;
}

function meets(one: string | undefined, other: string | undefined, later: Later): boolean {
  if (one === "*" || other === "*") return later.down === true || later.right === true;
  return (one === other || one === "?" || other === "?") && later.across === true;
}
