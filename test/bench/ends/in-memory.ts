import { performance } from "node:perf_hooks";
import { readContract } from "../../../lib/contract/contract.ts";
import { Judgement } from "../../../lib/enforcement/judgement.ts";
import { readIntent } from "../../../lib/enforcement/read/intent.ts";
import { readTrust } from "../../../lib/enforcement/read/registry.ts";
import { ISSUE_ORDER } from "../../../lib/enforcement/stages/order.ts";
import { CONTRACT_STATE, LIMITS } from "../../../lib/enforcement/stages/state.ts";
import { type Revoked, revocationPolicy } from "../../../lib/lifecycle/revocation-policy.ts";
import { isRefusal } from "../../../lib/refusal.ts";
import { HANDLE } from "../../support/deliveries.ts";
import { TABLES } from "../../support/memory-dynamo.ts";
import { newPlane, type Plane } from "../../support/plane.ts";
import { restrict } from "../../support/restrict.ts";
import { besides, fixed, type Line, medianOf } from "../measure.ts";
import { committedAfter } from "../rounds.ts";

/** Halts that fill a restrictions document of 128 KiB but for the room that is kept for a halt of the plane. */
const HALTS = 600;
const MARKS = 16;

/** What ends cost: a denial, a request beside many denials, a role's policy, a run of `sweep`. In memory. */
export async function measureEnds(): Promise<Line[]> {
  return [
    await denialRounds(),
    await haltRounds(),
    await stateBesides(),
    policyOf200(),
    await sweepRate(),
  ];
}

async function denialRounds(): Promise<Line> {
  const rounds = await committedAfter(async (plane) => {
    const governed = plane.contract(HANDLE);
    const { identity } = await plane.grant(HANDLE, governed);
    const { identityId } = identity;
    return () => plane.revoke({ command: plane.command({ do: "revokeIdentity", identityId }) });
  }, "denial:write");
  return {
    name: "sequential AWS round trips from a command to the committed denial of an identity",
    value: String(rounds),
    ...{ goal: "≤ 2", met: rounds <= 2 },
    how: "in memory, in a process that has served before: trust and place side by side, then the mark",
  };
}

async function haltRounds(): Promise<Line> {
  const rounds = await committedAfter(
    async (plane) => () => plane.revoke({ command: plane.command({ do: "haltPlane" }) }),
    "evidence:write",
  );
  return {
    name: "sequential AWS round trips from a command to the committed halt of the plane, with its record",
    value: String(rounds),
    goal: "≤ 3",
    met: rounds <= 3,
    how: "in memory, in a process that has served before",
  };
}

/** Stage `state` of `issue`, beside full restrictions and many marks, against none. */
async function stateBesides(): Promise<Line> {
  const [none, many] = [await newPlane(), await newPlane()];
  await restrict(many, { set: { "/halts": haltsOf(many) } });
  const [judgeNone, judgeMany] = [await judging(none, 0), await judging(many, MARKS)];
  const { ours, theirs } = besides(2_000, judgeMany, judgeNone);
  const ratio = ours / theirs;
  return {
    name: `stage state with 128 KiB of restrictions and ${MARKS} marks, against none`,
    value: `${fixed(ratio)} (${fixed(ours * 1000, 1)} µs, ${fixed(theirs * 1000, 1)} µs)`,
    ...{ goal: "≤ 1.1", met: ratio <= 1.1 },
    how: "median of 15 times 2,000 in turns; restrictions are read once a head, marks with it",
  };
}

const haltsOf = ({ world }: Plane): unknown[] =>
  Array.from({ length: HALTS }, (_, index) => ({
    ...{ scope: "actor", actor: `spiffe://example.org/agent/${String(index).padStart(5, "0")}` },
    ...{ at: Math.floor(world.now / 1000), by: "olga", command: `sha256:${"0".repeat(64)}` },
  }));

async function judging(plane: Plane, marks: number): Promise<() => void> {
  const governed = plane.contract(HANDLE);
  await plane.grant(HANDLE, governed);
  const head = plane.dynamo.table(TABLES.state).get(`chain#${governed.chainId}|head`);
  if (head === undefined) throw new Error("there is no head");
  const mark = { at: 1, code: "CONTRACT_REVOKED", trigger: "operator" };
  head["marks"] = Array.from({ length: marks }, (_, index) => ({
    ...mark,
    identityId: `${index}`,
  }));
  const { trust } = await readTrust(plane.deps);
  if (isRefusal(trust)) throw new Error(trust.detail);
  const intent = await readIntent(plane.deps, governed.chainId, trust);
  const contract = readContract(governed.contract);
  if (isRefusal(intent) || isRefusal(contract)) throw new Error("cannot be read");
  const [step] = contract.claims.authorization_details;
  const judgement = new Judgement(plane.deps, plane.invocation(), ISSUE_ORDER, {});
  const asked = { contract, chain: undefined };
  return () => {
    judgement.judge(LIMITS, { ...asked, recordedActor: undefined, step, trust });
    judgement.judge(CONTRACT_STATE, { ...asked, intent });
  };
}

function policyOf200(): Line {
  const now = Date.UTC(2026, 4, 5);
  const seconds = now / 1000;
  const wanted = Array.from(
    { length: 200 },
    (_, index): Revoked => ({
      session: `vai-${String(index).padStart(26, "0")}`,
      until: seconds + index,
    }),
  );
  const present = revocationPolicy(undefined, wanted, now).text;
  const milliseconds = medianOf(200, () => revocationPolicy(present, wanted, now));
  return {
    name: "vai-revocations rebuilt with 200 sessions, from rows and the present policy",
    value: `${fixed(milliseconds)} ms`,
    ...{ goal: "≤ 5 ms", met: milliseconds <= 5 },
    how: `median of 200 after as many to warm up; ${present.length} characters`,
  };
}

const ENDED = 200;

async function sweepRate(): Promise<Line> {
  const plane = await newPlane();
  for (let index = 0; index < ENDED; index++) await plane.grant(HANDLE, plane.contract(HANDLE));
  plane.world.pass(901);
  const signed = plane.faults.counts.get("signer:sign") ?? 0;
  const started = performance.now();
  const { written } = await plane.sweep();
  const seconds = (performance.now() - started) / 1000;
  const signatures = (plane.faults.counts.get("signer:sign") ?? 0) - signed;
  return {
    name: `ends a second by sweep, ${written} windows that are over`,
    value: `${Math.round(written / seconds)} a second, ${fixed(signatures / written)} signatures a chain`,
    ...{ goal: "1 signature a chain", met: signatures === written },
    how: "in memory, AWS played; each chain is read, verified, folded, sealed and appended to",
  };
}
