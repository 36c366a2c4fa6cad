import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { describe, test } from "node:test";
import { readContract } from "../../lib/contract/contract.ts";
import { canonicalize } from "../../lib/encoding/canonical-json.ts";
import { readApproval } from "../../lib/proof/approval.ts";
import { approvalStatement, statementDigest } from "../../lib/proof/statement.ts";
import { isRefusal } from "../../lib/refusal.ts";
import type { Governed } from "../support/governed.ts";
import { refused } from "../support/plane.ts";
import { listened } from "./support/listened.ts";
import { type PeopleDesk, peopleDesk } from "./support/people-desk.ts";

/** What people type who register, attest, approve and decide anew. */

function readOf({ contract }: Pick<Governed, "contract">) {
  const read = readContract(contract);
  if (isRefusal(read)) throw new Error(read.detail);
  return read;
}

/** Records of the contract's chain, by type, without those of the binding. */
const told = ({ plane, governed }: PeopleDesk): string[] =>
  plane
    .types(governed.chainId)
    .filter((type) => /Recorded|GateOpened|Superseded|ContractBound/.test(type));

const code = (answer: { ok: boolean; code?: string }): string | undefined =>
  answer.ok ? "ok" : answer.code;

describe("a contract of class HIGH by commands", () => {
  test("VAI-60 VAI-61 it is registered, attested and approved by commands alone, and then used", async (t) => {
    const found = await peopleDesk(t);
    const { plane, vai, held, governed } = found;
    const registered = await vai(["register", held]);
    assert.equal(registered.code, 0, registered.out);
    const digest = governed.contractDigest;
    assert.match(
      registered.out,
      new RegExp(`^bound +contract ${digest} of governance.example, HIGH, now\nevidence +intent/`),
    );
    assert.match(registered.out, /^next +.* vai approve \S+held\.json --show$/m);
    const again = await vai(["register", held]);
    assert.match(again.out, /^bound .*, before$/m);
    assert.equal(code(await plane.ask({}, governed)), "CONSENSUS_NOT_REACHED");
    await found.attestAll();
    assert.equal(code(await plane.ask({}, governed)), "APPROVAL_REQUIRED");
    const approved = await vai(["approve", held, ...found.as("ada")]);
    assert.equal(approved.code, 0, approved.out);
    assert.match(
      approved.out,
      new RegExp(`^recorded +the approval by ada as sre-lead of contract ${digest}, until `, "m"),
    );
    assert.deepEqual(told(found), [
      "ContractBound",
      ...Array.from({ length: 3 }, () => "AttestationRecorded"),
      "ApprovalRecorded",
    ]);
    assert.ok((await plane.ask({}, governed)).ok);
    const trace = await vai(["trace", governed.ids.intent]);
    assert.match(trace.out, /evaluator state\.example said approve$/m);
    assert.match(trace.out, /ada as sre-lead approved the whole contract$/m);
  });

  test("VAI-60 what nobody has registered nobody can speak of, and it is said how to", async (t) => {
    const { vai, held, as, by } = await peopleDesk(t);
    for (const args of [
      ["approve", held, ...as("ada")],
      ["attest", held, "--verdict", "approve", ...by("state.example")],
    ]) {
      const { code: ended, out } = await vai(args);
      assert.equal(ended, 1);
      assert.match(out, /^refused +CONTRACT_UNKNOWN at contract$/m);
      assert.match(out, /^do +nobody has bound it yet: .* vai register FILE/m);
    }
  });

  test("VAI-60 a contract without its proof is not registered, and nothing is sent", async (t) => {
    const { vai, write, governed, plane } = await peopleDesk(t);
    const bare = write("bare.json", { contract: governed.contract });
    const { code: ended, err } = await vai(["register", bare]);
    assert.equal(ended, 2);
    assert.match(err, /holds a contract without its proof/);
    assert.deepEqual(plane.chains(), ["plane/registry"]);
  });
});

describe("vai approve", () => {
  test("ADV-48 the statement is printed whole, made from the contract, before anything is signed", async (t) => {
    const found = await peopleDesk(t);
    const { vai, held, governed } = found;
    await vai(["register", held]);
    const approved = { contract: readOf(governed) };
    const { out } = await vai(["approve", held, ...found.as("ada")]);
    assert.ok(out.startsWith(approvalStatement(approved)), out);
    assert.match(out, new RegExp(`^statement +${statementDigest(approved)}$`, "m"));
    assert.match(out, /^issuer +governance\.example, .* verified by the trust policy \(version 1/m);
  });

  test("ADV-48 where the statement cannot be printed nothing is signed, written or sent", async (t) => {
    const found = await peopleDesk(t);
    const { vai, held, plane, file } = found;
    await vai(["register", held]);
    const fail = (): never => {
      throw new Error("the paper is out");
    };
    for (const more of [[], ["--out", file("yes.json")]]) {
      const args = ["approve", held, ...found.as("ada"), ...more];
      await assert.rejects(vai(args, { out: fail, err: fail }));
      await assert.rejects(vai([...args, "--json"], { err: fail }));
    }
    assert.deepEqual(told(found), ["ContractBound"]);
    assert.ok(!existsSync(file("yes.json")));
    assert.ok(plane.chains().length > 0);
  });

  test("ADV-48 with --json the statement goes to standard error, and the answer alone to standard output", async (t) => {
    const { vai, held, governed, as } = await peopleDesk(t);
    await vai(["register", held]);
    const { out, err } = await vai(["approve", held, ...as("ada"), "--json"]);
    assert.equal(`${err}\n`, approvalStatement({ contract: readOf(governed) }));
    assert.deepEqual([JSON.parse(out).ok, JSON.parse(out).state], [true, "RECORDED"]);
  });

  test("ADV-48 --show signs nothing, and says how to sign exactly that; with another statement nothing is signed", async (t) => {
    const found = await peopleDesk(t);
    const { vai, held, governed } = found;
    await vai(["register", held]);
    const contract = readOf(governed);
    const shown = await vai(["approve", held, "--show", ...found.as("ada")]);
    assert.equal(shown.code, 0, shown.err);
    assert.ok(shown.out.startsWith(approvalStatement({ contract })));
    assert.match(shown.out, /^nothing was signed$/m);
    const digest = statementDigest({ contract });
    assert.match(
      shown.out,
      new RegExp(`^next +.* vai approve .*--as ada .*--statement ${digest}$`, "m"),
    );
    assert.deepEqual(told(found), ["ContractBound"]);
    const json = JSON.parse((await vai(["approve", held, "--show", "--json"])).out);
    assert.deepEqual(json, {
      contractDigest: contract.digest,
      statementDigest: digest,
      statement: approvalStatement({ contract }),
    });
    const other = `sha256:${"0".repeat(64)}`;
    for (const flag of ["--statement", "--digest"]) {
      const { code: ended, err } = await vai(["approve", held, ...found.as("ada"), flag, other]);
      assert.equal(ended, 1);
      assert.match(err, /nothing was signed: (the contract|its statement) has the digest sha256/);
    }
    assert.deepEqual(told(found), ["ContractBound"]);
    const right = ["--statement", digest, "--digest", contract.digest];
    assert.equal((await vai(["approve", held, ...found.as("ada"), ...right])).code, 0);
  });

  test("ADV-48 what looks like something else shows as its escape: letters of other scripts, bidirectional marks, line breaks, what nobody sees", async (t) => {
    const found = await peopleDesk(t, {
      contract: {
        set: {
          "/purpose": "shift 10 % \u0430nd no more",
          "/authorization_details/0/parameters/alias/exact": "li\u202eve\napproves nothing\u200b",
        },
      },
    });
    const { out } = await found.vai(["approve", found.held, "--show"]);
    assert.match(out, /^purpose "shift 10 % \\u0430nd no more"$/m);
    assert.match(
      out,
      /^ {2}parameter "alias" \{"exact":"li\\u202eve\\napproves nothing\\u200b"\}$/m,
    );
    assert.match(out.split("\nstatement ")[0] ?? "", /^[ -~\n]*$/);
    assert.doesNotMatch(out, /^approves nothing/m);
  });

  const UNFIT: readonly (readonly [
    name: string,
    change: (found: PeopleDesk) => string | readonly string[],
    why: RegExp,
    ended?: number,
  ])[] = [
    [
      "a contract that another key signed",
      ({ plane, write }) => {
        const { contract, proof } = plane.contract({ contract: { signedBy: "stranger" } });
        return write("forged.json", { contract, proof });
      },
      /CONTRACT_ISSUER_UNTRUSTED/,
    ],
    [
      "a contract that was changed behind its signature",
      ({ governed, write }) => {
        const [header, , signature] = String(governed.contract).split(".");
        const { claims } = readOf(governed);
        const text = canonicalize({ ...claims, purpose: "more" });
        const payload = Buffer.from(text).toString("base64url");
        return write("changed.json", { contract: [header, payload, signature].join(".") });
      },
      /CONTRACT_SIGNATURE_INVALID/,
    ],
    ["a step that has no gate", ({ held }) => [held, "--step", "shift"], /asks for no approval/, 2],
    [
      "a role that is not the approver's",
      ({ held }) => [held, "--role", "incident-commander"],
      /APPROVAL_SIGNATURE_INVALID, "ada" does not have the role/,
    ],
    [
      "another's key",
      ({ held, key }) => [held, "--key", key("stranger")],
      /APPROVAL_SIGNATURE_INVALID, "ada" with this key is not an approver/,
    ],
    ["a name that has two roles", ({ held, as }) => [held, ...as("bea")], /give --role, one of/, 2],
    [
      "what is for another plane",
      ({ plane, write }) => {
        const other = { set: { "/aud": "vai:000000000000:us-east-1:other" } };
        const { contract, proof } = plane.contract({ contract: other });
        return write("other.json", { contract, proof });
      },
      /the contract is for vai:000000000000:us-east-1:other/,
    ],
    [
      "what is over",
      ({ held, pass }) => {
        pass(600_000);
        return held;
      },
      /the contract's window ended at /,
    ],
    [
      "where nobody can verify who signed it",
      ({ held, write }) => [held, "--policy", write("none.json", { governance: {} })],
      /nobody can say whether the contract is its issuer's/,
      2,
    ],
    [
      "one's own contract",
      ({ plane, write }) => {
        const { contract, proof } = plane.contract({
          contract: { set: { "/actor/id": "ada" } },
        });
        return write("own.json", { contract, proof });
      },
      /SELF_APPROVAL_FORBIDDEN/,
    ],
  ];
  for (const [name, change, why, ended = 1] of UNFIT) {
    test(`ADV-48 ADV-49 ${name} is not approved: nothing is written or sent`, async (t) => {
      const found = await peopleDesk(t);
      await found.vai(["register", found.held]);
      const changed = change(found);
      const given = typeof changed === "string" ? [changed] : changed;
      const asked = listened(found.plane);
      const args = ["approve", ...found.as("ada"), ...given, "--out", found.file("yes.json")];
      const ran = await found.vai(args);
      assert.match(ran.err, why);
      assert.equal(ran.code, ended);
      assert.ok(!existsSync(found.file("yes.json")));
      assert.ok(!asked.some((call) => call.startsWith("TransactWriteItems")));
    });
  }

  test("VAI-61 on one machine it is signed, on another one sent, byte for byte and as often as needed", async (t) => {
    const found = await peopleDesk(t);
    const { vai, held, file, governed, plane } = found;
    await vai(["register", held]);
    const saved = file("yes.json");
    const written = await vai(["approve", held, ...found.as("ada"), "--out", saved]);
    assert.equal(written.code, 0, written.err);
    assert.match(written.out, /^saved .*nothing was sent\nnext +.* vai approve \S+ --send$/m);
    assert.equal(statSync(saved).mode & 0o777, 0o600);
    assert.deepEqual(told(found), ["ContractBound"]);
    const event = JSON.parse(readFileSync(saved, "utf8"));
    const read = readApproval(event.approval, "");
    assert.ok(!isRefusal(read));
    assert.equal(event.contractDigest, governed.contractDigest);
    const sent = await vai(["approve", saved, "--send"]);
    assert.match(
      sent.out,
      /^recorded +the approval by ada as sre-lead of contract \S+, until .*, now$/m,
    );
    const again = await vai(["approve", saved, "--send"]);
    assert.match(again.out, /^recorded +the approval by ada .*, before$/m);
    const recorded = plane
      .records(governed.chainId)
      .filter(({ event: { type } }) => type === "ApprovalRecorded");
    assert.deepEqual(
      recorded.map(({ detail }) => detail["approval"]),
      [event.approval],
    );
    const wrong = await vai(["attest", saved, "--send"]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /is not what .* vai attest CONTRACT --out FILE writes/);
  });

  test("VAI-61 a bound contract is read from the plane by digest and intent, and shows the same statement", async (t) => {
    const { vai, held, governed } = await peopleDesk(t);
    await vai(["register", held]);
    const { contractDigest, ids } = governed;
    const named = ["approve", contractDigest, "--intent", ids.intent, "--show", "--json"];
    const { out, err, code: ended } = await vai(named);
    assert.equal(ended, 0, err);
    const { statement } = JSON.parse(out);
    assert.equal(statement, approvalStatement({ contract: readOf(governed) }));
    const without = await vai(["approve", contractDigest, "--show"]);
    assert.deepEqual([without.code, /give --intent ID/.test(without.err)], [2, true]);
    const other = `sha256:${"0".repeat(64)}`;
    const unknown = await vai(["approve", other, "--intent", ids.intent, "--show"]);
    assert.equal(unknown.code, 1);
    assert.match(unknown.err, /no contract sha256:0+ is bound under intent/);
  });

  test("VAI-71 a gate is opened by its own statement, in its turn; vai status says that it waits, and how to open it", async (t) => {
    const gate = { set: { "/authorization_details/0/gate": "approval" } };
    const found = await peopleDesk(t, { contract: gate });
    const { vai, held, governed, plane } = found;
    const registered = await vai(["register", held]);
    assert.match(registered.out, /^next +.* vai approve \S+ --step shift --show$/m);
    const waiting = await vai(["status"]);
    assert.match(
      waiting.out,
      new RegExp(
        `^waits +step shift of contract ${governed.contractDigest} for people: .* vai approve ${governed.contractDigest} --intent ${governed.ids.intent} --step shift --show$`,
        "m",
      ),
    );
    await found.attestAll();
    await vai(["approve", held, ...found.as("ada")]);
    const closed = refused(await plane.ask({}, governed));
    assert.equal(closed.code, "STEP_GATE_CLOSED");
    const opened = await vai(["approve", held, "--step", "shift", ...found.as("ada")]);
    assert.equal(opened.code, 0, opened.out);
    assert.match(opened.out, /^approves the gate of step "shift"$/m);
    assert.match(opened.out, /as sre-lead of the gate of step shift of contract/);
    assert.ok(told(found).includes("GateOpened"));
    assert.match((await vai(["status"])).out, /^waits +none$/m);
    assert.ok((await plane.ask({}, governed)).ok);
  });
});

describe("vai attest", () => {
  test("DTF-12 an objection is on record with its words, and stops the contract", async (t) => {
    const found = await peopleDesk(t);
    const { vai, held, plane, governed, by } = found;
    await vai(["register", held]);
    await found.attestAll();
    await vai(["approve", held, ...found.as("ada")]);
    const words = ["--objection", "the canary is red", "--objection", "and so is the alarm"];
    const args = ["attest", held, "--verdict", "reject", ...by("state.example"), ...words];
    const { code: ended, out } = await vai(args);
    assert.equal(ended, 0, out);
    assert.match(
      out,
      /^recorded +reject of state\.example \(state\) on decision sha256:\S+ of contract sha256:\S+: the canary is red; and so is the alarm, now$/m,
    );
    assert.equal(code(await plane.ask({}, governed)), "EVALUATOR_VETO");
    const trace = await vai(["trace", governed.ids.intent]);
    assert.match(
      trace.out,
      /evaluator state\.example said reject: the canary is red; and so is the alarm$/m,
    );
  });

  test("ADV-30 a file whose decision is not its contract's gets nobody's word, on neither of the two", async (t) => {
    const { plane, vai, write, governed, by } = await peopleDesk(t);
    const other = plane.contract();
    const file = write("two.json", { contract: governed.contract, proof: other.proof });
    const args = ["attest", file, "--verdict", "approve", ...by("state.example")];
    const { code: ended, err } = await vai(args);
    assert.equal(ended, 1);
    assert.match(err, /decision is not the one that its contract names; nothing was signed/);
  });

  test("VAI-48 an event that a contract waits for is a duty in vai status until its evaluator attests it, by commands", async (t) => {
    const STABLE = { kind: "event", name: "stable", dueSeconds: 900, class: "state" };
    const found = await peopleDesk(t, { contract: { set: { "/obligations": [STABLE] } } });
    const { vai, held, governed, plane, by } = found;
    await vai(["register", held]);
    await found.attestAll();
    await vai(["approve", held, ...found.as("ada")]);
    const { identity } = await plane.grant({}, governed);
    const { identityId } = identity;
    const waiting = await vai(["status", "--json"]);
    const [duty] = JSON.parse(waiting.out).duties;
    assert.deepEqual(
      [duty.name, duty.kind, duty.identityId, duty.intentId],
      ["stable", "event", identityId, governed.ids.intent],
    );
    assert.match(
      (await vai(["status"])).out,
      new RegExp(`^duties +stable \\(event\\) of ${identityId}, due ${duty.due}$`, "m"),
    );
    const named = ["--identity", identityId, "--obligation", "stable"];
    const args = ["attest", held, "--verdict", "approve", ...by("state.example"), ...named];
    const { code: ended, out } = await vai(args);
    assert.equal(ended, 0, out);
    assert.match(
      out,
      new RegExp(`approve of state.example .* on obligation stable of identity ${identityId} `),
    );
    assert.deepEqual(JSON.parse((await vai(["status", "--json"])).out).duties, []);
    const state = plane.state(governed.chainId).identities.get(identityId);
    assert.equal(state?.state, "COMPLETED");
  });

  test("VAI-60 the class is as the trust policy has it; another one, a stranger, no verdict: nothing is sent", async (t) => {
    const { vai, held, by, key } = await peopleDesk(t);
    await vai(["register", held]);
    const approve = ["attest", held, "--verdict", "approve"];
    const cases = [
      [[...approve, ...by("state.example"), "--class", "human"], 1, /is of class state, not human/],
      [[...approve, "--as", "state.example", "--key", key("stranger")], 1, /is not an evaluator/],
      [[...approve, "--as", "nobody", "--key", key("stranger")], 2, /has no evaluator nobody/],
      [["attest", held, ...by("state.example")], 2, /give --verdict, one of: approve, reject/],
      [["attest", held, "--verdict", "maybe"], 2, /Allowed choices are approve, reject, abstain/],
      [[...approve, ...by("state.example"), "--identity", "x"], 2, /one of the contract's events/],
    ] as const;
    for (const [args, ended, why] of cases) {
      const ran = await vai([...args]);
      assert.match(ran.err, why);
      assert.equal(ran.code, ended);
    }
  });

  test("VAI-60 what it requires is signed, and it is sent from another machine as it was signed", async (t) => {
    const found = await peopleDesk(t);
    const { vai, held, by, file, plane, governed } = found;
    await vai(["register", held]);
    const saved = file("voice.json");
    const args = ["attest", held, "--verdict", "approve", ...by("risk.example")];
    const written = await vai([...args, "--requires", "alias-routing", "--out", saved]);
    assert.match(written.out, /^next +.* vai attest \S+ --send$/m);
    assert.deepEqual(told(found), ["ContractBound"]);
    const sent = await vai(["attest", saved, "--send", "--json"]);
    assert.equal(JSON.parse(sent.out).state, "RECORDED", sent.out);
    const last = plane.records(governed.chainId).at(-1);
    const { attestation } = JSON.parse(readFileSync(saved, "utf8"));
    assert.equal(last?.detail["attestation"], attestation);
    const payload = JSON.parse(Buffer.from(attestation.split(".")[1], "base64url").toString());
    assert.deepEqual([payload.obligations, payload.class], [["alias-routing"], "risk"]);
  });
});

describe("vai supersede", () => {
  test("ADV-17 a later decision ends the contract of the earlier one, on the same intent, as often as it is sent", async (t) => {
    const found = await peopleDesk(t);
    const { vai, held, key, plane, governed, file, pass } = found;
    await vai(["register", held]);
    pass(1000);
    const decider = ["--as", "policy.example", "--key", key("decider")];
    const saved = file("decision.json");
    const written = await vai(["supersede", held, ...decider, "--out", saved]);
    assert.equal(written.code, 0, written.err);
    assert.deepEqual(told(found), ["ContractBound"]);
    const sent = await vai(["supersede", saved, "--send"]);
    assert.match(
      sent.out,
      new RegExp(
        `^superseded the decision DENY of policy.example, of .*, on intent ${governed.ids.intent}: .*, now$`,
        "m",
      ),
    );
    assert.match((await vai(["supersede", saved, "--send"])).out, /^superseded .*, before$/m);
    assert.equal(code(await plane.ask({}, governed)), "DECISION_SUPERSEDED");
    const approval = await vai(["approve", held, ...found.as("ada")]);
    assert.match(approval.out, /^refused +DECISION_SUPERSEDED/m);
  });

  test("ADV-17 a decision that the policy engine signed is sent as it is; a stranger's is refused", async (t) => {
    const { vai, held, governed, write, key } = await peopleDesk(t);
    await vai(["register", held]);
    const { decision } = governed.proof as { decision: string };
    const earlier = write("decision.json", decision);
    const same = await vai(["supersede", held, "--decision", earlier]);
    assert.match(same.out, /^refused +DECISION_SUPERSEDED/m);
    const stranger = ["--as", "policy.example", "--key", key("stranger")];
    const foreign = await vai(["supersede", held, ...stranger]);
    assert.equal(foreign.code, 1);
    assert.match(foreign.out, /^refused +DECISION_SIGNATURE_INVALID/m);
    assert.match(foreign.out, /^do +compare with .* vai trust show/m);
  });
});
