import type { CommandAnswer } from "../../../lib/enforcement/commands/command.ts";
import { covers, type History, type SeenIdentity } from "../history.ts";
import type { Observation, Violation } from "../observation.ts";

type Feed = Observation["feed"];

/** What an answer says of a denial, and when it was known. */
interface Denied {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly points: CommandAnswer["points"];
  /** A place of the feed. */
  readonly by: number;
}

/** Sessions that IAM is told to deny, by an answer, and that no document denies which it had taken by then. */
export function unreached(
  feed: Feed,
  history: History,
  { claims, points, by }: Denied,
): Omit<Violation, "invariant">[] {
  const holders = history.identities.filter(
    (identity) => covers(claims, identity) && isHeld(feed, identity, by),
  );
  const roles = points.flatMap((each) =>
    each.point === "iam" && each.acknowledgedAt !== undefined ? [each.role ?? ""] : [],
  );
  return roles.flatMap((role) => {
    const documents = taken(feed, role, by);
    // A denial of the whole role is of every session.
    if (documents.some((document) => document.includes('"Before'))) return [];
    const missing = holders.filter(
      ({ sessionName }) => !documents.some((document) => document.includes(sessionName)),
    );
    return [
      ...missing.map(({ sessionName, chainId }) => ({
        what: `${role} is told to deny ${sessionName}, and was not`,
        chainId,
      })),
      ...(claims["do"] === "haltPlane"
        ? [{ what: `${role} is told to deny all, and was not` }]
        : []),
    ];
  });
}

/** Documents that IAM accepted for a role. */
const taken = (feed: Feed, role: string, by: number): string[] =>
  feed.flatMap(({ name, error, document, role: roleName, seq }) =>
    name === "iam PutRolePolicy" &&
    error === undefined &&
    seq <= by &&
    role.endsWith(`/${roleName}`)
      ? [document ?? ""]
      : [],
  );

/** Whether the session of an identity had been obtained by then. */
const isHeld = (feed: Feed, { sessionName }: SeenIdentity, by: number): boolean =>
  feed.some(
    ({ name, error, sourceIdentity, seq }) =>
      name === "sts AssumeRole" &&
      error === undefined &&
      sourceIdentity === sessionName &&
      seq <= by,
  );
