import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Governed, Mutation } from "../support/governed.ts";
import type { KeyName } from "../support/keys.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import {
  type APPROVERS,
  approval,
  approvedEmergency,
  attestation,
  EMERGENCY,
  emergency,
  reviewOf,
} from "../support/people.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";
import { astray, beforeLook, rolling } from "../support/rollback.ts";

const codeOf = (answer: { ok: boolean; code?: string }): string =>
  answer.ok ? "ok" : `${answer.code}`;

const USE_0 = "break-glass/outage/000000000/use";
const USE_1 = "break-glass/outage/000000001/use";

const foreseen = (policy: object = EMERGENCY) =>
  newPlane({ policy: { set: { "/breakGlass": [policy] } } });

suite("VAI-122 VAI-123 VAI-124 what an emergency may be", () => {
  const REFUSED: readonly {
    readonly what: string;
    readonly policy?: object;
    readonly contract?: Mutation["contract"];
    readonly by?: readonly (keyof typeof APPROVERS)[];
    readonly code: string;
    readonly pointer: string;
  }[] = [
    {
      what: "ADV-48 names a policy that nobody has signed",
      contract: { set: { "/breakGlass/policy": "other" } },
      code: "BREAK_GLASS_UNAUTHORIZED",
      pointer: "/contract/breakGlass/policy",
    },
    {
      what: "may be handed over",
      contract: { set: { "/deliveries": ["execute", "handle"] } },
      code: "BREAK_GLASS_UNAUTHORIZED",
      pointer: "/contract/deliveries",
    },
    {
      what: "is delivered otherwise",
      contract: { set: { "/deliveries": ["handle"] } },
      code: "BREAK_GLASS_UNAUTHORIZED",
      pointer: "/contract/deliveries",
    },
    {
      what: "is two calls",
      contract: { set: { "/authorization_details/0/limits/calls": 2 } },
      code: "BREAK_GLASS_UNAUTHORIZED",
      pointer: "/contract/authorization_details/0/limits/calls",
    },
    {
      what: "does what its policy does not open",
      policy: { ...EMERGENCY, actions: ["dynamodb:UpdateItem"] },
      code: "BREAK_GLASS_UNAUTHORIZED",
      pointer: "/contract/authorization_details/0/actions/0",
    },
    {
      what: "is of a policy that has ended",
      policy: { ...EMERGENCY, exp: "$seconds" },
      code: "BREAK_GLASS_EXPIRED",
      pointer: "/contract/breakGlass/policy",
    },
    {
      what: "lasts longer than its policy, though not than its class",
      contract: { set: { "/exp": "$seconds+120" } },
      code: "TTL_EXCEEDED",
      pointer: "/contract/exp",
    },
    {
      what: "ADV-49 is approved by nobody",
      by: [],
      code: "APPROVAL_REQUIRED",
      pointer: "/proof/approvals",
    },
    {
      what: "lacks the approval of a role",
      by: ["ada"],
      code: "APPROVAL_REQUIRED",
      pointer: "/proof/approvals",
    },
  ];

  for (const { what, policy, contract, by, code, pointer } of REFUSED) {
    test(`VAI-122 VAI-123 VAI-124 one that ${what} is refused, and nothing is marked`, async () => {
      const plane = await foreseen(policy);
      const governed = approvedEmergency(plane, contract === undefined ? {} : { contract }, by);
      const answer = refused(await plane.ask({}, governed));
      assert.deepEqual([answer.code, answer.pointer], [code, pointer], answer.detail);
      assert.deepEqual(plane.bucket.keys(), []);
      assert.equal(plane.sts.executions.length, 0);
    });
  }

  test("VAI-122 one of two steps is refused, wherever the second stands", async () => {
    const plane = await foreseen();
    const [step] = stepsOf(plane);
    const steps = [step, { ...step, id: "again" }];
    const governed = approvedEmergency(plane, {
      contract: { set: { "/authorization_details": steps } },
      decision: { set: { "/boundary/authorization_details": steps } },
    });
    const answer = refused(await plane.ask({}, governed));
    assert.deepEqual(
      [answer.code, answer.pointer],
      ["BREAK_GLASS_UNAUTHORIZED", "/contract/authorization_details"],
    );
    assert.deepEqual(plane.bucket.keys(), []);
  });

  test("ADV-48 the member opens nothing on a plane without such a policy", async () => {
    const plane = await newPlane();
    const answer = refused(await plane.ask({}, approvedEmergency(plane)));
    assert.equal(answer.code, "BREAK_GLASS_UNAUTHORIZED");
    assert.deepEqual(plane.bucket.keys(), []);
  });

  test("VAI-124 ADV-49 nobody approves the emergency that they ask for", async () => {
    const plane = await foreseen();
    const actor = { set: { "/actor/id": "ada" } };
    const governed = approvedEmergency(plane, {
      contract: actor,
      intent: { set: { "/actor": "ada" } },
      decision: { set: { "/boundary/actorId": "ada" } },
    });
    assert.equal(codeOf(await plane.ask({}, governed)), "SELF_APPROVAL_FORBIDDEN");
    assert.deepEqual(plane.bucket.keys(), []);
  });

  test("VAI-124 one person does not fill two roles, and a role that is missing is named", async () => {
    const plane = await foreseen();
    const governed = plane.contract(emergency(plane));
    const both = ["sre-lead", "incident-commander"].map((role) =>
      approval(plane, governed, "bea", { set: { "/role": role } }),
    );
    const proof = { ...(governed.proof as object), approvals: both };
    const answer = refused(await plane.ask({}, { ...governed, proof }));
    assert.equal(answer.code, "APPROVAL_REQUIRED");
    const [unlock] = answer.unlock ?? [];
    assert.deepEqual(answer.unlock?.length, 1);
    assert.ok(unlock?.kind === "approval" && unlock.needed === 1 && unlock.roles.length === 1);
  });

  test("VAI-60 VAI-124 an objection stops an emergency too, presented or on the chain, where its class would bear it", async () => {
    for (const isRecorded of [false, true]) {
      const plane = await foreseen();
      await plane.publish({ set: { "/governance/HIGH/rejects": 2 } });
      const governed = approvedEmergency(plane);
      const no = attestation(plane, governed, "risk.example", { set: { "/verdict": "reject" } });
      if (isRecorded) {
        const { contract, proof, contractDigest } = governed;
        assert.ok((await plane.govern({ op: "register", contract, proof })).ok);
        assert.ok((await plane.govern({ op: "attest", contractDigest, attestation: no })).ok);
      }
      const proof = { ...(governed.proof as object), attestations: isRecorded ? [] : [no] };
      const asked = isRecorded ? governed : { ...governed, proof };
      assert.equal(codeOf(await plane.ask({}, asked)), "CONSENSUS_NOT_REACHED");
      assert.deepEqual(plane.bucket.keys(), []);
    }
  });

  test("VAI-122 its contract is the only one of its intent", async () => {
    const plane = await foreseen();
    const usual = plane.contract();
    await plane.grant({}, usual);
    const ids = { ...usual.ids, contract: plane.world.newId(), decision: plane.world.newId() };
    const other = { ...usual, ids };
    const second = plane.contract(emergency(plane), other);
    const approvals = (["ada", "bea"] as const).map((name) => approval(plane, second, name));
    const proof = { ...(second.proof as object), approvals };
    assert.equal(codeOf(await plane.ask({}, { ...second, proof })), "CONTRACT_MISMATCH");
    const first = approvedEmergency(plane);
    await plane.grant({}, first);
    const ordinary = plane.contract(
      {},
      { ...first, ids: { ...first.ids, contract: plane.world.newId() } },
    );
    assert.equal(codeOf(await plane.ask({}, ordinary)), "CONTRACT_MISMATCH");
  });
});

suite("VAI-125 VAI-127 an emergency that is granted", () => {
  test("VAI-125 VAI-127 runs once without attestations, within its bounds, and is told with why, by whom and until when it is reviewed", async () => {
    const plane = await foreseen({ ...EMERGENCY, exp: "$seconds+60" });
    const governed = approvedEmergency(plane);
    const { now } = plane.world;
    const answer = await plane.grant({}, governed);
    assert.equal(Date.parse(answer.identity.expiresAt), Math.floor(now / 1000) * 1000 + 60_000);
    const types = plane.types(governed.chainId);
    assert.deepEqual(types.slice(types.indexOf("ContractBound"), types.indexOf("IdentityIssued")), [
      "ContractBound",
      "BreakGlassInvoked",
      "IdentityRequested",
      "ProofValidated",
    ]);
    const told = plane
      .records(governed.chainId)
      .find(({ event }) => event.type === "BreakGlassInvoked");
    const exp = Math.floor(now / 1000) + 119;
    assert.deepEqual(told?.detail, {
      policy: "outage",
      use: 0,
      incident: "INC-17",
      purpose: told?.detail["purpose"],
      approvedBy: [
        { name: "ada", role: "sre-lead" },
        { name: "bea", role: "incident-commander" },
      ],
      reviewDue: new Date((exp + 3600) * 1000).toISOString(),
    });
    assert.match(String(told?.detail["purpose"]), /./);
    assert.deepEqual(plane.bucket.keys(), [USE_0]);
    assert.deepEqual(JSON.parse(plane.bucket.versions[0]?.body ?? ""), {
      contract: governed.contract,
      at: Math.floor(now / 1000),
      due: exp + 3600,
    });
    // Its one call is made; asking for another marks nothing.
    assert.equal(codeOf(await plane.ask({}, governed)), "CONTRACT_CONSUMED");
    assert.equal(plane.bucket.versions.length, 1);
  });

  test("VAI-49 VAI-122 one whose policy is taken away while it runs is not rolled back, and that is told by why", async () => {
    const plane = await foreseen();
    astray(plane);
    const governed = approvedEmergency(plane, rolling());
    beforeLook(plane, 1, () => plane.publish({ set: { "/breakGlass": [] } }));
    const answer = await plane.grant({}, governed);
    assert.deepEqual(answer.outcome?.rollback, { status: "failed" });
    assert.equal(plane.targets.calls.length, 1);
    const failed = plane
      .records(governed.chainId)
      .find(({ event }) => event.type === "RollbackFailed");
    assert.equal(failed?.decision.code, "BREAK_GLASS_UNAUTHORIZED");
  });

  test("VAI-127 its session policy is that of the same contract without the emergency", async () => {
    const policyOf = async (plane: Plane, governed: Governed) => {
      await plane.grant({}, governed);
      const { Statement } = JSON.parse(String(plane.sts.executions.at(-1)?.Policy));
      return JSON.stringify(Statement).replaceAll(/\d{4}-\d\d-\d\dT[\d:]+Z/g, "T");
    };
    const plane = await foreseen();
    const usual = await newPlane();
    assert.equal(
      await policyOf(plane, approvedEmergency(plane)),
      await policyOf(usual, usual.contract({ contract: { set: { "/deliveries": ["execute"] } } })),
    );
  });
});

suite("VAI-126 each use needs the review of the one before", () => {
  test("VAI-126 ADV-50 a second use is refused until an auditor has reviewed the first, by what the refusal says", async () => {
    const plane = await foreseen();
    const first = approvedEmergency(plane);
    await plane.grant({}, first);
    const second = approvedEmergency(plane);
    const answer = refused(await plane.ask({}, second));
    assert.deepEqual(
      [answer.code, answer.stage, answer.unlock],
      [
        "BREAK_GLASS_REVIEW_OVERDUE",
        "state",
        [
          {
            kind: "command",
            names: 1,
            do: "reviewBreakGlass",
            contractDigest: first.contractDigest,
          },
        ],
      ],
    );
    const event = reviewOf(plane, first);
    const done = await plane.govern(event);
    assert.ok(done.ok, JSON.stringify(done));
    assert.deepEqual([done.state, done.deduplicated], ["REVIEWED", false]);
    assert.deepEqual(plane.types("plane/registry").at(-1), "BreakGlassReviewed");
    await plane.grant({}, second);
    assert.deepEqual(plane.bucket.keys(), [USE_0, USE_1]);
    // The same review again closes nothing more.
    const again = await plane.govern(event);
    assert.ok(again.ok && again.deduplicated, JSON.stringify(again));
    assert.equal(
      codeOf(await plane.ask({}, approvedEmergency(plane))),
      "BREAK_GLASS_REVIEW_OVERDUE",
    );
  });

  test("VAI-126 of two at once one is granted, and the other is refused as if it had come later", async () => {
    const plane = await foreseen();
    const [one, other] = [approvedEmergency(plane), approvedEmergency(plane)];
    const answers = await Promise.all([plane.ask({}, one), plane.ask({}, other)]);
    assert.deepEqual(answers.map(codeOf).sort(), ["BREAK_GLASS_REVIEW_OVERDUE", "ok"]);
    assert.deepEqual(plane.bucket.keys(), [USE_0]);
    assert.equal(plane.sts.executions.length, 1);
    const lost = answers.map((answer) => (answer.ok ? undefined : answer)).find(Boolean);
    assert.equal(lost?.stage, "state");
  });

  test("VAI-126 a use whose grant could not be recorded may be tried again by the same contract, and by no other", async () => {
    const plane = await foreseen();
    const governed = approvedEmergency(plane);
    plane.faults.plan({ at: "evidence:write" });
    assert.equal(codeOf(await plane.ask({}, governed)), "EVIDENCE_STORE_UNAVAILABLE");
    plane.faults.clear();
    assert.deepEqual(plane.bucket.keys(), [USE_0]);
    assert.equal(
      codeOf(await plane.ask({}, approvedEmergency(plane))),
      "BREAK_GLASS_REVIEW_OVERDUE",
    );
    await plane.grant({}, governed);
    assert.equal(plane.bucket.versions.length, 1);
  });

  test("VAI-126 nothing is granted while the place cannot be seen or taken", async () => {
    const faults = [
      { at: "breakGlass:read" },
      // What is spooled behind the chain could be seen, and the use not.
      { at: "breakGlass:read", from: 2 },
      { at: "breakGlass:write" },
    ] as const;
    for (const fault of faults) {
      const plane = await foreseen();
      plane.faults.plan(fault);
      const answer = refused(await plane.ask({}, approvedEmergency(plane)));
      assert.deepEqual([answer.code, answer.retryable], ["DEPENDENCY_UNAVAILABLE", true]);
      assert.equal(plane.sts.executions.length, 0);
    }
  });

  test("VAI-126 the next is refused also after Registry and State were set back to before the first", async () => {
    const plane = await foreseen();
    const before = (["state", "registry"] as const).map(
      (table) => [table, structuredClone(plane.dynamo.table(TABLES[table]))] as const,
    );
    await plane.grant({}, approvedEmergency(plane));
    plane.isWhole = false;
    for (const [table, items] of before) plane.dynamo.tables.set(TABLES[table], items);
    plane.deps = plane.process();
    assert.equal(
      codeOf(await plane.ask({}, approvedEmergency(plane))),
      "BREAK_GLASS_REVIEW_OVERDUE",
    );
  });

  test("VAI-126 whoever counts the reviews otherwise in the Registry stops everything", async () => {
    const plane = await foreseen();
    const first = approvedEmergency(plane);
    await plane.grant({}, first);
    assert.ok((await plane.govern(reviewOf(plane, first))).ok);
    await plane.grant({}, approvedEmergency(plane));
    plane.isWhole = false;
    const kept = structuredClone(plane.dynamo.table(TABLES.registry));
    for (const [from, to] of [
      ['"closed":1', '"closed":2'],
      ['[{"closed":1,"policy":"outage"}]', "[]"],
    ] as const) {
      const rows = [...structuredClone(kept)].map(([key, item]) => {
        const edited = JSON.stringify(item).replaceAll(inText(from), inText(to));
        return [key, JSON.parse(edited)] as const;
      });
      assert.notDeepEqual(rows, [...kept]);
      plane.dynamo.tables.set(TABLES.registry, new Map(rows));
      plane.deps = plane.process();
      assert.equal(codeOf(await plane.ask({}, approvedEmergency(plane))), "REGISTRY_STALE");
    }
    plane.dynamo.tables.set(TABLES.registry, kept);
    plane.deps = plane.process();
    assert.equal(
      codeOf(await plane.ask({}, approvedEmergency(plane))),
      "BREAK_GLASS_REVIEW_OVERDUE",
    );
  });

  test("VAI-126 a delete marker, a second version and what nobody can read free no place", async () => {
    for (const body of [undefined, "", "{}"]) {
      const plane = await foreseen();
      await plane.grant({}, approvedEmergency(plane));
      plane.bucket.plant(USE_0, body);
      const answer = refused(await plane.ask({}, approvedEmergency(plane)));
      assert.equal(answer.code, "BREAK_GLASS_REVIEW_OVERDUE");
    }
    // Not even for the contract that has taken it.
    const tried = await foreseen();
    const governed = approvedEmergency(tried);
    tried.faults.plan({ at: "evidence:write" });
    await tried.ask({}, governed);
    tried.faults.clear();
    tried.bucket.plant(USE_0, "{}");
    assert.equal(codeOf(await tried.ask({}, governed)), "BREAK_GLASS_REVIEW_OVERDUE");
    const plane = await foreseen();
    plane.bucket.plant(USE_0, "{}");
    const answer = refused(await plane.ask({}, approvedEmergency(plane)));
    assert.deepEqual(
      [answer.code, answer.unlock],
      ["BREAK_GLASS_REVIEW_OVERDUE", [{ kind: "contract" }]],
    );
  });
});

suite("VAI-126 who reviews, and when", () => {
  const used = async () => {
    const plane = await foreseen();
    const governed = approvedEmergency(plane);
    await plane.grant({}, governed);
    return { plane, governed };
  };

  test("VAI-126 an operator, an approver, a stranger and an auditor without the key review nothing", async () => {
    const { plane, governed } = await used();
    const by = async (iss: string, key: KeyName) =>
      codeOf(await plane.govern(reviewOf(plane, governed, { iss }, key)));
    assert.equal(await by("olga", "operator"), "ACTOR_AUTH_INVALID");
    assert.equal(await by("ada", "approver"), "ACTOR_AUTH_INVALID");
    assert.equal(await by("anna", "stranger"), "ACTOR_AUTH_INVALID");
    assert.equal(await by("olga", "auditor"), "ACTOR_AUTH_INVALID");
  });

  for (const name of ["ada", "governance.example"]) {
    test(`VAI-126 an auditor by the name of ${name} reviews nothing that they had a part in`, async () => {
      const { plane, governed } = await used();
      await plane.publish({ set: { "/auditors/0/name": name } });
      const answer = refused(await plane.govern(reviewOf(plane, governed, { iss: name })));
      assert.equal(answer.code, "SELF_APPROVAL_FORBIDDEN");
      assert.deepEqual(plane.types("plane/registry").includes("BreakGlassReviewed"), false);
    });
  }

  test("VAI-126 an auditor who opened the gate of its step reviews nothing either", async () => {
    const plane = await foreseen({ ...EMERGENCY, approverRoles: ["sre-lead"] });
    await plane.publish({ set: { "/auditors/0/name": "bea", "/governance/HIGH/approvals": 1 } });
    const gated = { contract: { set: { "/authorization_details/0/gate": "approval" } } };
    const governed = approvedEmergency(plane, gated, ["ada"]);
    const { contract, proof, contractDigest } = governed;
    assert.ok((await plane.govern({ op: "register", contract, proof })).ok);
    const opening = approval(plane, governed, "bea", { step: "shift" });
    assert.ok((await plane.govern({ op: "approve", contractDigest, approval: opening })).ok);
    await plane.grant({}, governed);
    const answer = await plane.govern(reviewOf(plane, governed, { iss: "bea" }));
    assert.equal(codeOf(answer), "SELF_APPROVAL_FORBIDDEN");
  });

  test("VAI-126 another contract, a second review and a review with a second name are refused", async () => {
    const { plane, governed } = await used();
    const other = refused(await plane.govern(reviewOf(plane, approvedEmergency(plane))));
    assert.deepEqual([other.code, other.pointer], ["CONTRACT_UNKNOWN", "/command/contractDigest"]);
    const event = reviewOf(plane, governed);
    const cosigned = refused(await plane.govern({ ...event, cosign: event.command }));
    assert.equal(cosigned.code, "COMMAND_MALFORMED");
    assert.ok((await plane.govern(event)).ok);
    assert.equal(codeOf(await plane.govern(reviewOf(plane, governed))), "CONTRACT_UNKNOWN");
  });

  test("VAI-126 it waits for the end of what was issued; where nothing was, for the end of the window", async () => {
    const plane = await foreseen();
    const governed = approvedEmergency(plane);
    plane.faults.plan({ at: "evidence:write" });
    await plane.ask({}, governed);
    plane.faults.clear();
    const early = refused(await plane.govern(reviewOf(plane, governed)));
    assert.deepEqual(
      [early.code, early.unlock],
      ["REVOCATION_PENDING", [{ kind: "retry", afterSeconds: 119 }]],
    );
    plane.world.pass(119);
    assert.ok((await plane.govern(reviewOf(plane, governed))).ok);
    const killed = approvedEmergency(plane);
    const death = plane.faults.death({ at: "target:call" });
    void plane.ask({}, killed);
    await death;
    plane.faults.clear();
    plane.world.pass(119);
    const open = refused(await plane.govern(reviewOf(plane, killed)));
    assert.equal(open.code, "REVOCATION_PENDING");
    plane.world.pass(120);
    await plane.sweep();
    assert.ok((await plane.govern(reviewOf(plane, killed))).ok);
  });

  test("VAI-126 an auditor who could have approved closes no use whose binding is not on record", async () => {
    const plane = await foreseen();
    await plane.publish({ set: { "/auditors/0/name": "bea" } });
    const governed = approvedEmergency(plane);
    plane.faults.plan({ at: "evidence:write" });
    await plane.ask({}, governed);
    plane.faults.clear();
    plane.world.pass(119);
    const answer = await plane.govern(reviewOf(plane, governed, { iss: "bea" }));
    assert.equal(codeOf(answer), "SELF_APPROVAL_FORBIDDEN");
  });
});

suite("VAI-126 a review that is late", () => {
  test("VAI-126 is told once on its contract's chain, and by each run until somebody reviews", async () => {
    const plane = await foreseen();
    const governed = approvedEmergency(plane);
    await plane.grant({}, governed);
    const overdue = async () => (await plane.sweep()).levels.reviewsOverdue;
    const told = () =>
      plane.types(governed.chainId).filter((type) => type === "BreakGlassReviewOverdue").length;
    assert.deepEqual([await overdue(), told()], [0, 0]);
    plane.world.pass(119 + 3600 - 1);
    assert.deepEqual([await overdue(), told()], [0, 0]);
    plane.world.pass(1);
    assert.deepEqual([await overdue(), told()], [1, 1]);
    assert.deepEqual([await overdue(), told()], [1, 1]);
    assert.ok((await plane.govern(reviewOf(plane, governed))).ok);
    assert.deepEqual([await overdue(), told()], [0, 1]);
  });

  test("VAI-126 one that nobody can see clears no alarm, and one that nobody can read raises it", async () => {
    const plane = await foreseen();
    plane.faults.plan({ at: "breakGlass:read" });
    const blind = await plane.sweep();
    assert.deepEqual([blind.levels.reviewsOverdue, blind.failed], [undefined, 2]);
    plane.faults.clear();
    plane.bucket.plant(USE_0, "{}");
    assert.equal((await plane.sweep()).levels.reviewsOverdue, 1);
  });

  test("VAI-126 of a use whose grant was never recorded it opens the chain", async () => {
    const plane = await foreseen();
    const governed = approvedEmergency(plane);
    plane.faults.plan({ at: "evidence:write" });
    await plane.ask({}, governed);
    plane.faults.clear();
    plane.world.pass(119 + 3600);
    await plane.sweep();
    assert.deepEqual(plane.types(governed.chainId), ["BreakGlassReviewOverdue"]);
  });
});

/** As a text stands inside the JSON of a row. */
const inText = (text: string): string => JSON.stringify(text).slice(1, -1);

function stepsOf(plane: Plane): object[] {
  const { contract } = plane.contract();
  const [, payload = ""] = String(contract).split(".");
  return JSON.parse(Buffer.from(payload, "base64url").toString("utf8")).authorization_details;
}
