import type { RefusedAnswer } from "../../enforcement/answer.ts";
import type { CommandAnswer, UnreachedAnswer } from "../../enforcement/commands/command.ts";
import type { PointState } from "../../enforcement/points/iam-points.ts";

/** What a function of people's commands can answer. */
export type OrderAnswer = CommandAnswer | UnreachedAnswer | RefusedAnswer;

/** How far a denial has come by an answer; nothing of a refusal behind which nothing stands. */
type Standing = Pick<CommandAnswer, "state" | "inFlight" | "points" | "evidence">;

export const standingOf = (answer: OrderAnswer): Standing | undefined =>
  "points" in answer ? answer : undefined;

/** How far a denial has come at one point. */
export type Progress = "reached" | "failed" | "awaited";

/**
 * What a refused answer's outstanding point is: failed until somebody mends it, while the plane itself goes on trying. But
 * where IAM did not take the denial of another role, that is what failed, and a role that has it is only awaited.
 */
export function progressAt(state: PointState, answer: OrderAnswer): Progress {
  const { point, role, acknowledgedAt } = state;
  if (acknowledgedAt !== undefined) return "reached";
  if (answer.ok || point === "adapter") return "awaited";
  const untaken = (standingOf(answer)?.points ?? []).filter(
    (each) => each.point === "iam" && each.acknowledgedAt === undefined,
  );
  const isOfOthers = untaken.length > 0 && untaken.every((each) => each.role !== role);
  return isOfOthers ? "awaited" : "failed";
}

/**
 * What asking again for the same can still change, in words: the record of a denial, a point that it has not reached, an
 * identity that a lift waits for. Nothing: the answer is the last one.
 */
export function awaited(answer: OrderAnswer): string[] {
  if (!answer.ok && answer.code === "REVOCATION_PENDING")
    return ["the end of what the lift covers"];
  const standing = standingOf(answer);
  if (standing === undefined) return [];
  const points = standing.points.filter((each) => progressAt(each, answer) === "awaited");
  return [
    ...points.map(nameOf),
    // A signal that ends nothing is not written where the intent has no room: no asking changes that.
    ...(standing.evidence === undefined && standing.state !== "NOTED"
      ? ["its record in evidence"]
      : []),
  ];
}

/**
 * An answer with the points that had been reached before as they were reached: a repeated order has IAM accept the same
 * denial once more, and that is not when it came there.
 */
export function sinceBefore(before: OrderAnswer, answer: OrderAnswer): OrderAnswer {
  if (!("points" in answer)) return answer;
  const known = new Map(standingOf(before)?.points.map((each) => [nameOf(each), each]));
  const points = answer.points.map((each) => {
    const earlier = known.get(nameOf(each));
    return earlier?.acknowledgedAt === undefined ? each : earlier;
  });
  return { ...answer, points };
}

/** A point, with its role where it has one. */
const nameOf = ({ point, role }: PointState): string =>
  role === undefined ? point : `${point} at ${roleName(role)}`;

/** The last word of an execution role's ARN. */
export const roleName = (arn: string): string => arn.slice(arn.lastIndexOf("/") + 1);
