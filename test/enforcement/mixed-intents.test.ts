import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { isTerminal } from "../../lib/evidence/events.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import { CREDENTIALS, HANDLE } from "../support/deliveries.ts";
import type { Governed, Mutation } from "../support/governed.ts";
import { newPlane, type Plane } from "../support/plane.ts";

/*
 * Many intents of mixed fates on one plane, in any order; then what evidence says of each, read alone.
 */

/** What becomes of an intent. */
type Fate = (plane: Plane) => Promise<Governed>;

const asked =
  (mutation: Mutation = {}, before: (plane: Plane) => void = () => {}): Fate =>
  async (plane) => {
    const governed = plane.contract(mutation);
    before(plane);
    await plane.ask(mutation, governed);
    plane.faults.clear();
    return governed;
  };

const held =
  (then: (plane: Plane, governed: Governed, handle: unknown) => Promise<unknown>): Fate =>
  async (plane) => {
    const governed = plane.contract(HANDLE);
    const { handle } = await plane.grant(HANDLE, governed);
    await then(plane, governed, handle);
    plane.faults.clear();
    return governed;
  };

const BEYOND = { request: { set: { "/operation/parameters/percent": 99 } } };

const FATES: Readonly<Record<string, Fate>> = {
  completed: asked(),
  "completed with credentials": asked(CREDENTIALS),
  "refused by its decision": asked({ decision: { set: { "/outcome": "DENY" } } }),
  "escalated by its decision": asked({ decision: { set: { "/outcome": "ESCALATE" } } }),
  "refused by its scope": asked(BEYOND),
  "without a session": asked({}, (plane) => plane.faults.plan({ at: "sts" })),
  "of unknown outcome": asked({}, (plane) =>
    plane.faults.plan({ at: "target:call", how: "timeout" }),
  ),
  "without evidence of its outcome": asked({}, (plane) =>
    plane.faults.plan({ at: "signer:sign", from: 3 }),
  ),
  "never redeemed": held(async () => {}),
  redeemed: held((plane, governed, handle) => plane.execute(plane.redemption(governed, handle))),
  violated: held((plane, governed, handle) =>
    plane.execute(plane.redemption(governed, handle, BEYOND)),
  ),
  revoked: held((plane, { contractDigest }) =>
    plane.revoke({ command: plane.command({ do: "revokeContract", contractDigest }) }),
  ),
  "revoked while nothing could be signed": held((plane, { contractDigest }) => {
    plane.faults.plan({ at: "signer:sign" });
    return plane.revoke({ command: plane.command({ do: "revokeContract", contractDigest }) });
  }),
};

/** Records of one type about the same identity or contract, before another. */
const place = (records: readonly EvidenceRecord[], type: string, id?: string): number =>
  records.findIndex(
    ({ event, identity }) => event.type === type && (id === undefined || identity?.id === id),
  );

/** What a chain lacks to tell its story whole; none when it does. */
function lacking(records: readonly EvidenceRecord[]): string[] {
  const opens = records[0]?.detail["opens"] === undefined ? ["who opened it"] : [];
  const requests = records.filter(({ event }) => event.type === "IdentityRequested").length;
  const answers = records.filter(({ event }) =>
    ["IdentityIssued", "IdentityDenied"].includes(event.type),
  ).length;
  return [
    ...opens,
    ...(requests === answers ? [] : [`an answer to each of ${requests} requests`]),
    ...records
      .filter(({ event }) => event.type === "IdentityIssued")
      .flatMap(({ identity }) => unfinished(records, identity?.id ?? "")),
  ];
}

function unfinished(records: readonly EvidenceRecord[], id: string): string[] {
  const started = place(records, "ExecutionStarted", id);
  const told = records.some(
    ({ event, identity }) =>
      identity?.id === id &&
      ["ExecutionCompleted", "ExecutionFailed", "EvidenceEmissionFailed"].includes(event.type),
  );
  const ends = records.filter(
    ({ event, identity }) => identity?.id === id && isTerminal(event.type),
  ).length;
  return [
    ...(ends === 1 ? [] : [`one end of ${id}, there are ${ends}`]),
    ...(started < 0 || told ? [] : [`what became of the call of ${id}`]),
  ];
}

const mixed = fc.shuffledSubarray(Object.keys(FATES), { minLength: 4 });

/** The intents' chains, once their time is over and sweep has come. */
async function played(names: readonly string[]): Promise<EvidenceRecord[][]> {
  const plane = await newPlane();
  const all: Governed[] = [];
  for (const name of names) {
    const fate = FATES[name];
    assert.ok(fate);
    all.push(await fate(plane));
  }
  plane.world.pass(7_300);
  await plane.sweep();
  const chains = plane.chains().filter((id) => id.startsWith("intent/"));
  assert.deepEqual(chains, all.map(({ chainId }) => chainId).sort());
  return chains.map((chainId) => plane.records(chainId));
}

suite("intents of mixed fates", () => {
  test("DTF-15 each has exactly one chain, structurally complete, whatever became of it", async () => {
    await fc.assert(
      fc.asyncProperty(mixed, async (names) => {
        for (const records of await played(names)) assert.deepEqual(lacking(records), []);
      }),
      { numRuns: 20 },
    );
  });

  test("DTF-13 no identity is issued without a decision on its chain that approves", async () => {
    await fc.assert(
      fc.asyncProperty(mixed, async (names) => {
        for (const records of await played(names)) {
          const approved = records.filter(({ event }) => event.type === "PolicyEvaluated");
          for (const { event, contract } of records) {
            if (event.type !== "IdentityIssued") continue;
            const bound = records.find(
              (each) =>
                each.event.type === "ContractBound" && each.contract?.digest === contract?.digest,
            );
            const decision = approved.find(
              ({ detail }) => detail["decisionDigest"] === bound?.detail["decisionDigest"],
            );
            assert.ok(["ALLOW", "CONSTRAIN"].includes(String(decision?.detail["outcome"])));
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  test("DTF-14 proof comes before authority, authority before its use, and its outcome last", async () => {
    const ORDER = [
      ...["ContractBound", "ProofValidated", "IdentityIssued", "CredentialsMinted"],
      ...["ExecutionStarted", "ExecutionCompleted"],
    ];
    await fc.assert(
      fc.asyncProperty(mixed, async (names) => {
        for (const records of await played(names)) {
          const places = ORDER.map((type) => place(records, type)).filter((at) => at >= 0);
          assert.deepEqual(
            places,
            places.toSorted((one, other) => one - other),
          );
          if (place(records, "IdentityIssued") >= 0)
            assert.ok(place(records, "ProofValidated") >= 0);
        }
      }),
      { numRuns: 20 },
    );
  });

  test("VAI-07 what lacks an end, an outcome or an answer is found", async () => {
    const [records = []] = await played(["redeemed", "completed", "revoked", "violated"]);
    const without = (type: string) => records.filter(({ event }) => event.type !== type);
    assert.equal(lacking(records).length, 0);
    assert.ok(
      lacking(without("IdentityCompleted").filter(({ event }) => !isTerminal(event.type))).length >
        0,
    );
    assert.ok(lacking(without("IdentityRequested")).length > 0);
    assert.ok(lacking(records.slice(1)).length > 0);
  });
});
