import { type Clock, toSeconds } from "../../clock.ts";
import type { RevokedStore, RolePolicies } from "../../lifecycle/ports.ts";
import { namedIn, type Revoked, revocationPolicy } from "../../lifecycle/revocation-policy.ts";
import { Fault } from "../../refusal.ts";

/** How often a policy is put again because somebody else's row came in between. */
const ROUNDS = 16;

/** What came of telling IAM of one role. `refused`: for good; `outstanding`: nobody knows, and it is tried again. */
export type RoleResult =
  | {
      readonly role: string;
      readonly state: "accepted";
      /** There was no room for each session: the whole role was denied to what was issued until now. */
      readonly isFull: boolean;
      /** When; milliseconds. */
      readonly at: number;
      /** Which of the wanted sessions are denied by their name, and not with the whole role. */
      readonly named: ReadonlySet<string>;
      /** Sessions that this writer has told. */
      readonly told: ReadonlySet<string>;
    }
  | {
      readonly role: string;
      readonly state: "refused" | "outstanding";
      readonly why: string;
      /** Whether there is anything that IAM would have to deny, as far as is known. */
      readonly isOwed: boolean;
    };

/** What a writer of role policies needs. */
export interface RolePorts {
  readonly clock: Clock;
  readonly revoked: RevokedStore;
  readonly rolePolicies: RolePolicies;
}

/**
 * Denies sessions of a role at IAM (PROTOCOL.md §10, Points). It needs no lock: its rows come first, and behind each put
 * they are read again, so of several writers the last one has written everything. Never throws for a dependency.
 */
export async function denyAtRole(
  ports: RolePorts,
  role: string,
  wanted: readonly Revoked[],
): Promise<RoleResult> {
  const { revoked, clock } = ports;
  const [unkept] = await orFault(revoked.add(role, wanted));
  const [unlisted, rows = []] = await orFault(revoked.list(role, toSeconds(clock())));
  // Without its row a denial stands only until somebody else writes; it is put at once all the same.
  const [unput, put = NOTHING] = await orFault(putUntilSettled(ports, role, wanted, rows));
  const fault = unput ?? unkept ?? unlisted;
  if (fault === undefined) {
    const told = new Set(wanted.flatMap(({ session }) => session ?? []));
    return { role, state: "accepted", ...put, told, at: clock() };
  }
  const state = fault.code === "REVOCATION_FAILED" ? "refused" : "outstanding";
  return { role, state, why: fault.message, isOwed: wanted.length + rows.length > 0 };
}

/** What a call came to, or its fault. */
async function orFault<T>(call: Promise<T>): Promise<readonly [Fault | undefined, T?]> {
  try {
    return [undefined, await call];
  } catch (fault) {
    if (fault instanceof Fault) return [fault];
    throw fault;
  }
}

interface Put {
  /** Whether there was no room for each session. */
  readonly isFull: boolean;
  readonly named: ReadonlySet<string>;
}

const NOTHING: Put = { isFull: false, named: new Set() };

async function putUntilSettled(
  { revoked, rolePolicies, clock }: RolePorts,
  role: string,
  wanted: readonly Revoked[],
  listed: readonly Revoked[],
): Promise<Put> {
  let isFull = false;
  let rows = listed;
  for (let round = 1; round <= ROUNDS; round++) {
    const present = await rolePolicies.read(role);
    const policy = revocationPolicy(present, [...rows, ...wanted], clock());
    const isNeeded = present !== undefined || rows.length > 0 || wanted.length > 0;
    if (isNeeded && policy.text !== present) await rolePolicies.write(role, policy.text);
    isFull ||= policy.isFull;
    const written = new Set(rows.map(nameOf));
    rows = await revoked.list(role, toSeconds(clock()));
    if (rows.every((row) => written.has(nameOf(row)))) {
      const there = isNeeded ? namedIn(policy.text) : NOTHING.named;
      const named = wanted.flatMap(({ session = "" }) => (there.has(session) ? [session] : []));
      return { isFull, named: new Set(named) };
    }
  }
  throw new Fault("DEPENDENCY_UNAVAILABLE", `denials of ${role} came in without end`);
}

const nameOf = ({ session, until }: Revoked): string => `${until} ${session}`;
