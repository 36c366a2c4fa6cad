import { plain } from "../../audit/plain-text.ts";
import { vaiLine } from "../self.ts";
import type { Status } from "./status.ts";

/** A status as a person reads it: what is stopped first, then what is open, then what was refused. */
export const statusLines = (status: Status): string[] => [
  `plane      ${status.plane} at ${status.at}: a view of its tables, nothing is judged by it; vai trace tells what happened`,
  ...(status.problem === undefined
    ? []
    : [`REFUSING   everything: ${status.problem} (REGISTRY_STALE)`]),
  ...section("halted", status.halted, (halt) =>
    halt.scope === "plane"
      ? `the whole plane, by ${halt.by} at ${instant(halt.at)}`
      : `actor ${halt.actor}, by ${halt.by} at ${instant(halt.at)}`,
  ),
  ...section("key", status.revokedKeys, (jkt) => `${jkt} is revoked`),
  ...section(
    "quarantine",
    status.quarantined,
    ({ path, at, cause }) => `${path} since ${instant(at)}: ${cause}`,
  ),
  ...section("owed", status.owed, ({ chainId, order }) =>
    order === undefined
      ? `a denial on ${chainId} that nobody has signed`
      : `${order.do} by ${order.by} on ${chainId}: ${order.reason}`,
  ),
  ...section(
    "live",
    status.live,
    ({ id, intentId, state, delivery, step, actor = "an unknown actor", expiresAt, denied }) =>
      `${id} ${state}${deniedWords(denied)}, ${delivery} of step ${step}, ${actor}, until ${expiresAt}, intent ${intentId}`,
  ),
  ...section(
    "overdue",
    status.overdue,
    ({ id, intentId, state, expiresAt }) =>
      `${id} ${state}, over since ${expiresAt}: sweep ends it, intent ${intentId}`,
  ),
  ...section("pending", status.pending, contractWords),
  ...section("expiring", status.expiring, contractWords),
  ...section("waits", status.waits, ({ step, contractDigest, intentId, ...wait }) =>
    "gate" in wait
      ? `step ${step} of contract ${contractDigest} for people: ${vaiLine("approve", contractDigest, "--intent", intentId, "--step", step, "--show")}`
      : `step ${step} of contract ${contractDigest} for ${wait.after.join(", ")}`,
  ),
  ...section(
    "duties",
    status.duties,
    ({ identityId, name, kind, due }) => `${name} (${kind}) of ${identityId}, due ${due}`,
  ),
  ...(status.reviews === undefined
    ? []
    : section(
        "reviews",
        status.reviews,
        ({ policy, incident, contractDigest, intentId, due, isOverdue }) =>
          `${policy} for ${plain(incident)}, ${isOverdue ? "OVERDUE since" : "due"} ${due}, intent ${intentId}: ${vaiLine("review", contractDigest, "--finding", "TEXT")}`,
      )),
  ...section(
    "blocked",
    status.blocked,
    ({ at, code, eventType, chainId, seq, actorId }) =>
      `${at} ${eventType}${code === undefined ? "" : ` ${code}`}${actorId === undefined ? "" : ` ${actorId}`}, ${chainId} ${seq}`,
  ),
  ...(status.unreadable === 0 ? [] : [`unreadable ${status.unreadable} entries of State`]),
];

const section = <T>(name: string, entries: readonly T[], words: (entry: T) => string): string[] =>
  entries.length === 0
    ? [`${name.padEnd(10)} none`]
    : entries.map((each) => `${name.padEnd(10)} ${words(each)}`);

const contractWords = ({ digest, issuer, risk, exp, denied }: Status["pending"][number]): string =>
  `contract ${digest} of ${issuer}, ${risk}${deniedWords(denied)}, until ${instant(exp)}`;

const deniedWords = (denied: true | undefined): string =>
  denied === true ? ", DENIED and its record owed" : "";

const instant = (seconds: number): string => new Date(seconds * 1000).toISOString();
