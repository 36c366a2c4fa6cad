import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { RefusedAnswer } from "../../lib/enforcement/answer.ts";
import type { CommandAnswer } from "../../lib/enforcement/commands/command.ts";
import type { SignedChange } from "../support/forge.ts";
import type { Governed } from "../support/governed.ts";
import { KEYS } from "../support/keys.ts";
import { approval, attestation, high } from "../support/people.ts";
import { newPlane, type Plane } from "../support/plane.ts";

/** A registered contract of class HIGH. */
async function registered() {
  const plane = await newPlane();
  const governed = plane.contract(high(plane));
  const { contract, proof } = governed;
  assert.ok((await plane.govern({ op: "register", contract, proof })).ok);
  return { plane, governed };
}

type Said = CommandAnswer | RefusedAnswer;

/** A refusal leaves the contract's chain as it was. */
async function refusedAt(
  { plane, governed }: { readonly plane: Plane; readonly governed: Governed },
  ask: () => Promise<Said>,
): Promise<string> {
  const before = plane.types(governed.chainId);
  const answer = await ask();
  assert.ok(!answer.ok, JSON.stringify(answer));
  assert.deepEqual(plane.types(governed.chainId), before);
  return `${answer.code} ${answer.stage} ${answer.pointer}`;
}

interface Case {
  readonly what: string;
  readonly change?: SignedChange & { readonly step?: string };
  readonly by?: string;
  readonly event?: object;
  readonly expected: string;
}

const OTHER = `sha256:${"0".repeat(64)}`;
const DAY = 24 * 60 * 60;

const APPROVALS: readonly Case[] = [
  {
    what: "of another contract",
    change: { set: { "/contractDigest": OTHER } },
    expected: "APPROVAL_SIGNATURE_INVALID proof /approval/contractDigest",
  },
  {
    what: "of another statement",
    change: { set: { "/statementDigest": OTHER } },
    expected: "APPROVAL_SIGNATURE_INVALID proof /approval/statementDigest",
  },
  {
    what: "of the statement of the whole contract, for a step's gate",
    change: { set: { "/step": "shift" } },
    expected: "APPROVAL_SIGNATURE_INVALID proof /approval/statementDigest",
  },
  {
    what: "of a step without a gate",
    change: { step: "shift" },
    expected: "STEP_MISMATCH proof /approval/step",
  },
  {
    what: "of a step that is not there",
    change: { step: "other" },
    expected: "STEP_MISMATCH proof /approval/step",
  },
  {
    what: "in a role that is not theirs",
    change: { set: { "/role": "incident-commander" } },
    expected: "APPROVAL_SIGNATURE_INVALID proof /approval/role",
  },
  {
    what: "by nobody who approves",
    change: { set: { "/iss": "olga" }, signedBy: "operator" },
    expected: "APPROVAL_SIGNATURE_INVALID proof /approval/iss",
  },
  {
    what: "signed by somebody else",
    change: { signedBy: "otherApprover" },
    expected: "APPROVAL_SIGNATURE_INVALID proof /approval/iss",
  },
  {
    what: "whose signature was flipped",
    change: { signature: "flipped" },
    expected: "APPROVAL_SIGNATURE_INVALID proof /approval",
  },
  {
    what: "of the future",
    change: { set: { "/iat": "$seconds+61", "/exp": "$seconds+600" } },
    expected: "APPROVAL_SIGNATURE_INVALID proof /approval/iat",
  },
  {
    what: "that has ended",
    change: { set: { "/iat": "$seconds-20", "/exp": "$seconds-10" } },
    expected: "APPROVAL_SIGNATURE_INVALID proof /approval/exp",
  },
  {
    what: "for longer than a day",
    change: { set: { "/exp": `$seconds+${DAY + 1}` } },
    expected: "APPROVAL_SIGNATURE_INVALID parse /approval/exp",
  },
  {
    what: "that ends before it begins",
    change: { set: { "/exp": "$seconds" } },
    expected: "APPROVAL_SIGNATURE_INVALID parse /approval/exp",
  },
  {
    what: "with a member that nothing reads",
    change: { set: { "/comment": "fine" } },
    expected: "APPROVAL_SIGNATURE_INVALID parse /approval/comment",
  },
  {
    what: "of another type",
    change: { header: { set: { "/typ": "vai-attestation+jwt" } } },
    expected: "APPROVAL_SIGNATURE_INVALID parse /approval",
  },
  {
    what: "that is no text",
    change: { text: 1 },
    expected: "APPROVAL_SIGNATURE_INVALID parse /approval",
  },
  {
    what: "with another member beside",
    event: { note: "x" },
    expected: "COMMAND_MALFORMED parse /note",
  },
  {
    what: "of a contract that is not bound",
    event: { contractDigest: OTHER },
    expected: "CONTRACT_UNKNOWN contract /contractDigest",
  },
  {
    what: "of a contract that is no digest",
    event: { contractDigest: "x" },
    expected: "COMMAND_MALFORMED parse /contractDigest",
  },
  ...["iss", "iat", "exp", "jti", "role", "contractDigest", "statementDigest"].map(
    (member): Case => ({
      what: `without ${member}`,
      change: { remove: [`/${member}`] },
      expected: `APPROVAL_SIGNATURE_INVALID parse /approval/${member}`,
    }),
  ),
];

const ATTESTATIONS: readonly Case[] = [
  {
    what: "of another decision",
    change: { set: { "/decisionDigest": OTHER } },
    expected: "ATTESTATION_MALFORMED proof /attestation/decisionDigest",
  },
  {
    what: "in a class that is not theirs",
    change: { set: { "/class": "risk" } },
    expected: "ATTESTATION_MALFORMED proof /attestation/class",
  },
  {
    what: "by nobody who evaluates",
    change: { set: { "/iss": "ada" }, signedBy: "stranger" },
    expected: "ATTESTATION_MALFORMED proof /attestation/iss",
  },
  {
    what: "under another evaluator's key",
    change: { signedBy: "evaluatorRisk" },
    expected: "ATTESTATION_MALFORMED proof /attestation/iss",
  },
  {
    what: "whose signature was flipped",
    change: { signature: "flipped" },
    expected: "ATTESTATION_MALFORMED proof /attestation",
  },
  {
    what: "of the future",
    change: { set: { "/iat": "$seconds+61" } },
    expected: "ATTESTATION_MALFORMED proof /attestation/iat",
  },
  {
    what: "with seventeen objections",
    change: { set: { "/objections": Array.from({ length: 17 }, () => "no") } },
    expected: "ATTESTATION_MALFORMED parse /attestation/objections",
  },
  {
    what: "with an objection of two lines",
    change: { set: { "/objections": ["no\nno"] } },
    expected: "ATTESTATION_MALFORMED parse /attestation/objections/0",
  },
  {
    what: "of another verdict",
    change: { set: { "/verdict": "maybe" } },
    expected: "ATTESTATION_MALFORMED parse /attestation/verdict",
  },
  {
    what: "of an obligation of an identity that there is not",
    change: {
      set: { "/obligation": { identityId: "0196a1b2-0000-7000-8000-000000000001", name: "x" } },
      remove: ["/decisionDigest"],
    },
    expected: "ATTESTATION_MALFORMED proof /attestation/obligation",
  },
  {
    what: "that is no text",
    change: { text: null },
    expected: "ATTESTATION_MALFORMED parse /attestation",
  },
  {
    what: "of a contract that is not bound",
    event: { contractDigest: OTHER },
    expected: "CONTRACT_UNKNOWN contract /contractDigest",
  },
  { what: "with another member beside", event: { a: 1 }, expected: "COMMAND_MALFORMED parse /a" },
  ...["iss", "iat", "jti", "class", "verdict", "objections", "obligations"].map(
    (member): Case => ({
      what: `without ${member}`,
      change: { remove: [`/${member}`] },
      expected: `ATTESTATION_MALFORMED parse /attestation/${member}`,
    }),
  ),
];

suite("an approval that does not hold is refused, and nothing is recorded", () => {
  for (const { what, change = {}, event, expected } of APPROVALS) {
    test(`VAI-61 ADV-48 ${what}`, async () => {
      const found = await registered();
      const { contractDigest } = found.governed;
      const jws = approval(found.plane, found.governed, "ada", change);
      const ask = () =>
        found.plane.govern({ op: "approve", contractDigest, approval: jws, ...event });
      assert.equal(await refusedAt(found, ask), expected);
    });
  }

  for (const { what, mutation } of [
    { what: "issued", mutation: { contract: { set: { "/iss": "ada" }, signedBy: "stranger" } } },
    {
      what: "decided",
      mutation: { decision: { set: { "/iss": "ada" }, signedBy: "stranger" } },
    },
  ] as const) {
    test(`VAI-61 ADV-49 of what they ${what} themselves`, async () => {
      const plane = await newPlane();
      const own = what === "issued" ? "issuers" : "deciders";
      await plane.publish({
        set: {
          [`/${own}/-`]: {
            ...plane.policy[own][0],
            ...{ name: "ada", keys: [KEYS.stranger.jwk] },
          },
        },
      });
      const mine = high(plane);
      const governed = plane.contract({
        contract: {
          ...mine.contract,
          ...("contract" in mutation && both(mine.contract, mutation.contract)),
        },
        decision: {
          ...mine.decision,
          ...("decision" in mutation && both(mine.decision, mutation.decision)),
        },
      });
      const { contract, proof, contractDigest } = governed;
      const bound = await plane.govern({ op: "register", contract, proof });
      assert.ok(bound.ok, JSON.stringify(bound));
      const jws = approval(plane, governed, "ada");
      const ask = () => plane.govern({ op: "approve", contractDigest, approval: jws });
      assert.equal(
        await refusedAt({ plane, governed }, ask),
        "SELF_APPROVAL_FORBIDDEN proof /approval/iss",
      );
    });
  }
});

const both = (one: SignedChange = {}, other: SignedChange): SignedChange => ({
  ...{ ...one, ...other },
  set: { ...one.set, ...other.set },
});

suite("an attestation that does not hold is refused, and nothing is recorded", () => {
  for (const { what, change = {}, event, expected } of ATTESTATIONS) {
    test(`VAI-60 DTF-06 ADV-52 ${what}`, async () => {
      const found = await registered();
      const { contractDigest } = found.governed;
      const jws = attestation(found.plane, found.governed, "state.example", change);
      const ask = () =>
        found.plane.govern({ op: "attest", contractDigest, attestation: jws, ...event });
      assert.equal(await refusedAt(found, ask), expected);
    });
  }
});

suite("a registration that does not hold is refused, and nothing is recorded", () => {
  const many = (of: (n: number) => unknown, number = 33): unknown[] =>
    Array.from({ length: number }, (_, n) => of(n));

  interface Registration {
    readonly what: string;
    readonly before?: (plane: Plane, governed: Governed) => Promise<unknown>;
    readonly event?: (plane: Plane, governed: Governed) => object;
    readonly expected: string;
  }
  const register = (plane: Plane, { contract, proof }: Governed) =>
    plane.govern({ op: "register", contract, proof });
  const proofWith = (governed: Governed, more: object): object => ({
    proof: { ...(governed.proof as object), ...more },
  });
  const told = async (plane: Plane, claims: Record<string, unknown>) => {
    const done = await plane.revoke({ command: plane.command(claims as never) });
    assert.ok(done.ok, JSON.stringify(done));
  };
  const REGISTRATIONS: readonly Registration[] = [
    {
      what: "with another member beside",
      event: () => ({ note: 1 }),
      expected: "COMMAND_MALFORMED parse /note",
    },
    {
      what: "without a proof",
      event: () => ({ proof: undefined }),
      expected: "COMMAND_MALFORMED parse /proof",
    },
    {
      what: "with 33 attestations",
      event: (plane, governed) =>
        proofWith(governed, {
          attestations: many(() => attestation(plane, governed, "state.example")),
        }),
      expected: "PROOF_INCOMPLETE proof /proof/attestations",
    },
    {
      what: "with 33 approvals",
      event: (plane, governed) =>
        proofWith(governed, { approvals: many(() => approval(plane, governed, "ada")) }),
      expected: "PROOF_INCOMPLETE proof /proof/approvals",
    },
    {
      what: "with an objection of a class that has a veto",
      event: (plane, governed) =>
        proofWith(governed, {
          attestations: [
            attestation(plane, governed, "state.example", { set: { "/verdict": "reject" } }),
          ],
        }),
      expected: "EVALUATOR_VETO proof /proof/attestations",
    },
    {
      what: "with an approval of another contract",
      event: (plane, governed) =>
        proofWith(governed, {
          approvals: [approval(plane, governed, "ada", { set: { "/contractDigest": OTHER } })],
        }),
      expected: "APPROVAL_SIGNATURE_INVALID proof /proof/approvals/0/contractDigest",
    },
    {
      what: "again, with an attestation that is not on record",
      before: register,
      event: (plane, governed) =>
        proofWith(governed, {
          attestations: [
            attestation(plane, governed, "risk.example", { set: { "/verdict": "abstain" } }),
          ],
        }),
      expected: "EVIDENCE_HASH_MISMATCH proof /proof/attestations/0",
    },
    {
      what: "again, with an approval that is not on record",
      before: register,
      event: (plane, governed) =>
        proofWith(governed, { approvals: [approval(plane, governed, "ada")] }),
      expected: "EVIDENCE_HASH_MISMATCH proof /proof/approvals/0",
    },
    {
      what: "of a contract that was revoked before it was seen",
      before: async (plane, { contract, contractDigest }) => {
        const command = plane.command({ do: "revokeContract", contractDigest });
        assert.ok((await plane.revoke({ command, contract })).ok);
      },
      expected: "CONTRACT_REVOKED state /contract",
    },
    {
      what: "of a contract whose window is over",
      before: async (plane) => plane.world.pass(201),
      expected: "CONTRACT_EXPIRED state /contract/exp",
    },
    {
      what: "while the plane is halted",
      before: (plane) => told(plane, { do: "haltPlane" }),
      expected: "PLANE_HALTED state undefined",
    },
    {
      what: "of an actor that is halted",
      before: (plane, { contract }) =>
        told(plane, {
          do: "haltActor",
          actorId: JSON.parse(
            Buffer.from(String(contract).split(".")[1] ?? "", "base64url").toString(),
          ).actor.id,
        }),
      expected: "AGENT_HALTED state /contract/actor/id",
    },
  ];

  for (const { what, before, event, expected } of REGISTRATIONS) {
    test(`VAI-49 ${what}`, async () => {
      const plane = await newPlane();
      const governed = plane.contract(high(plane));
      await before?.(plane, governed);
      const { contract, proof } = governed;
      const more = event?.(plane, governed);
      const ask = () => plane.govern({ op: "register", contract, proof, ...more });
      assert.equal(await refusedAt({ plane, governed }, ask), expected);
    });
  }

  test("VAI-49 ADV-30 of a class that is registered, a request binds nothing; after its registration it is used", async () => {
    const plane = await newPlane();
    const { risk } = JSON.parse(
      Buffer.from(String(plane.contract().contract).split(".")[1] ?? "", "base64url").toString(),
    );
    await plane.publish({ set: { [`/governance/${risk}/registered`]: true } });
    const governed = plane.contract();
    const first = await plane.ask({}, governed);
    assert.ok(!first.ok);
    assert.deepEqual(
      [first.code, first.stage, first.pointer],
      ["EVIDENCE_MISSING", "proof", "/contract"],
    );
    assert.deepEqual(plane.types(governed.chainId).includes("ContractBound"), false);
    assert.ok((await register(plane, governed)).ok);
    const used = await plane.ask({}, governed);
    assert.ok(used.ok, JSON.stringify(used));
  });
});
