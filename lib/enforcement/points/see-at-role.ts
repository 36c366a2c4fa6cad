import type { AskIam } from "../../lifecycle/ports.ts";
import { PROBE_SESSION } from "../../lifecycle/probe.ts";

/** How often in a row a session must be seen denied: AWS has many machines, and one may have heard before the next. */
const IN_A_ROW = 3;

/** Sessions that are asked about at a time: the two hundred that a policy can name take some seconds. */
const AT_A_TIME = 24;

/**
 * Which of a role's sessions IAM denies (PROTOCOL.md §10, point `session`). None, unless somebody whom nothing denies is
 * allowed the same beside them: a role that refuses everybody, or a plane that may not ask, would look like a denial.
 */
export async function deniedAtRole(
  askIam: AskIam,
  role: string,
  sessions: readonly string[],
): Promise<ReadonlySet<string>> {
  const denied = new Set<string>();
  for (let from = 0; from < sessions.length; from += AT_A_TIME) {
    const some = sessions.slice(from, from + AT_A_TIME);
    const [nobody, ...answers] = await Promise.all([
      askIam(role, PROBE_SESSION),
      ...some.map((session) => isDenied(askIam, role, session)),
    ]);
    if (nobody !== "allowed") return new Set();
    for (const [index, session] of some.entries()) if (answers[index]) denied.add(session);
  }
  return denied;
}

async function isDenied(askIam: AskIam, role: string, session: string): Promise<boolean> {
  for (let time = 1; time <= IN_A_ROW; time++) {
    if ((await askIam(role, session)) !== "denied") return false;
  }
  return true;
}
