import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { KmsSigner } from "../../lib/aws/ports/kms-signer.ts";
import type { IssueDeps } from "../../lib/enforcement/deps.ts";
import { type Continued, continued } from "../support/continued.ts";
import { DELEGABLE, delegated, handOn, handOnEvent, treeOf } from "../support/delegating.ts";
import { CREDENTIALS } from "../support/deliveries.ts";
import { ACTOR, type Mutation } from "../support/governed.ts";
import { agentOf, digestOf } from "../support/handing.ts";
import { KEYS } from "../support/keys.ts";
import { MemoryKms } from "../support/memory-kms.ts";
import { granted, newPlane, type Plane, refused } from "../support/plane.ts";

/**
 * Whoever is stopped may stand anywhere above whoever acts, and go by the name that its block has or by the one that the
 * trust policy gives its key now. What hangs below ends, whenever the halt comes, and stays ended.
 */

const HANDLE: Mutation = { request: { set: { "/delivery": "handle" } } };
const BOOKS = "spiffe://example.org/agent/books";
const PAYOUTS = "spiffe://example.org/agent/payouts";
const LISTED = (["refunds", "ledger"] as const).map((name) => ({
  ...{ name: agentOf(name), labels: [], jkt: KEYS[name].thumbprint },
}));

type Claims = Readonly<Record<string, unknown>> & { readonly do: string };

/** By each of these `refunds` is stopped, from whom `ledger` has what it has. */
const STOPS: readonly (readonly [what: string, code: string, claims: Claims, back: Claims])[] = [
  [
    "an agent above, by its block's name,",
    "AGENT_HALTED",
    { do: "haltActor", actorId: agentOf("refunds") },
    { do: "reinstateActor", actorId: agentOf("refunds") },
  ],
  [
    "an agent above, by its name of now,",
    "AGENT_HALTED",
    { do: "haltActor", actorId: PAYOUTS },
    { do: "reinstateActor", actorId: PAYOUTS },
  ],
  [
    "a key above",
    "KEY_REVOKED",
    { do: "revokeKey", jkt: KEYS.refunds.thumbprint },
    { do: "reinstateKey", jkt: KEYS.refunds.thumbprint },
  ],
  [
    "the contract's own key",
    "KEY_REVOKED",
    { do: "revokeKey", jkt: KEYS.agent.thumbprint },
    { do: "reinstateKey", jkt: KEYS.agent.thumbprint },
  ],
];

/** Handed on to `refunds`, and by them to `ledger`; then the trust policy names the key of `refunds` anew. */
async function handed(): Promise<Continued> {
  const on = await continued({ policy: { set: { "/agents": LISTED } } });
  await on.hand({ to: "refunds", retain: true });
  await on.hand({ to: "ledger" });
  await on.plane.publish({ set: { "/agents/0/name": PAYOUTS } });
  return on;
}

const issue = (on: Continued, mutate?: Mutation, deps?: IssueDeps) =>
  on.plane.issue(on.plane.event(on.governed, on.under("ledger", mutate && { mutate })), deps);

const redeem = (on: Continued, handle: unknown, deps?: IssueDeps) =>
  on.plane.execute(on.plane.redemption(on.governed, handle, on.under("ledger")), deps);

async function stop(plane: Plane, claims: Claims) {
  const own = { jti: plane.world.newId(), ...claims };
  const answer = await plane.revoke({ command: plane.command(own) });
  assert.ok(answer.ok, JSON.stringify(answer));
  return answer;
}

function lift(plane: Plane, claims: Claims) {
  const own = { jti: plane.world.newId(), ...claims };
  const cosign = plane.command(own, { signedBy: "otherOperator" });
  return plane.govern({ op: "command", command: plane.command(own), cosign });
}

const unlockBy = (back: Claims) => [{ kind: "command", names: 2, ...back }, { kind: "contract" }];

const endOf = (on: Continued, identityId: string) =>
  on.plane.state(on.governed.chainId).identities.get(identityId)?.end;

/** The plane's own ports, where something happens just before the first call of one. */
function meddled(plane: Plane, at: "assumeRole" | "sign", act: () => Promise<unknown>): IssueDeps {
  const deps = plane.process();
  let isDone = false;
  const once = async (): Promise<void> => {
    if (isDone) return;
    isDone = true;
    await act();
  };
  const { signer, assumeRole } = deps;
  return at === "assumeRole"
    ? { ...deps, assumeRole: (input) => once().then(() => assumeRole(input)) }
    : {
        ...deps,
        signer: {
          keyid: () => signer.keyid(),
          sign: (digest) => once().then(() => signer.sign(digest)),
        },
      };
}

suite("who is stopped above whoever acts under a chain", () => {
  for (const [what, code, claims, back] of STOPS) {
    test(`POC-28 ${what} stopped while barrier 1 is sealed: nothing is called`, async () => {
      const on = await handed();
      const deps = meddled(on.plane, "sign", () => stop(on.plane, claims));
      const answer = refused(await issue(on, {}, deps));
      assert.deepEqual([answer.code, answer.stage], [code, "state"]);
      const ends = [...on.plane.state(on.governed.chainId).identities.values()];
      assert.deepEqual(
        ends.map(({ end }) => end?.state),
        ["REVOKED"],
      );
      assert.equal(on.plane.targets.calls.length, 0);
    });

    test(`POC-28 ${what} stopped before barrier 2: the identity ends, nothing is called, and it says the same when it is asked again`, async () => {
      const on = await handed();
      const deps = meddled(on.plane, "assumeRole", () => stop(on.plane, claims));
      const event = on.plane.event(on.governed, on.under("ledger"));
      const answer = refused(await on.plane.issue(event, deps));
      assert.deepEqual([answer.code, answer.stage], [code, "state"]);
      assert.equal(on.plane.targets.calls.length, 0);
      const types = on.plane.types(on.governed.chainId).slice(-2);
      assert.deepEqual(types, ["ExecutionRejected", "IdentityRevoked"]);
      const again = refused(await on.plane.issue(event));
      assert.deepEqual([again.code, again.unlock], [code, unlockBy(back)]);
    });

    test(`POC-28 ${what} stopped before barrier 2 of a redemption: its identity ends, and nothing is called`, async () => {
      const on = await handed();
      const { handle, identity } = granted(await issue(on, HANDLE));
      const event = on.plane.redemption(on.governed, handle, on.under("ledger"));
      const deps = meddled(on.plane, "assumeRole", () => stop(on.plane, claims));
      const answer = refused(await on.plane.execute(event, deps));
      assert.deepEqual([answer.code, answer.stage], [code, "state"]);
      assert.equal(on.plane.targets.calls.length, 0);
      const { end } = on.plane.state(on.governed.chainId).identities.get(identity.identityId) ?? {};
      assert.deepEqual([end?.state, end?.trigger], ["REVOKED", "operator"]);
      assert.deepEqual(answer.unlock, unlockBy(back));
    });

    test(`POC-28 POC-37 ${what} stopped: nothing is handed on below, and what was asked for beside it acts as little`, async () => {
      const plane = await newPlane({ policy: { set: { "/agents": LISTED } } });
      const governed = plane.contract(DELEGABLE);
      const first = await handOn(plane, governed);
      const { chain } = await handOn(plane, governed, { chain: first.chain, to: "ledger" });
      await plane.publish({ set: { "/agents/0/name": PAYOUTS } });
      const event = handOnEvent(plane, governed, {
        ...{ chain, to: "otherAgent", request: { set: { "/retain": true } } },
      });
      const beside = delegated(
        await plane.delegate(
          event,
          meddled(plane, "sign", () => stop(plane, claims)),
        ),
      );
      const before = treeOf(plane, governed).blocks.size;
      const later = refused(
        await plane.delegate(handOnEvent(plane, governed, { chain, to: "stranger" })),
      );
      assert.deepEqual([later.code, later.stage], [code, "state"]);
      assert.equal(treeOf(plane, governed).blocks.size, before);
      const set = { "/chainDigest": beside.block.digest };
      const asked = {
        request: { signedBy: "otherAgent", set },
        event: { set: { "/chain": beside.chain } },
      } as const;
      assert.equal(refused(await plane.ask(asked, governed)).code, code);
    });

    test(`POC-28 ${what} stopped: \`sweep\` ends what hangs below, and leaves alone what does not`, async () => {
      const on = await handed();
      await on.hand({ from: "root", to: "otherAgent", as: "beside" });
      const held = granted(await issue(on, HANDLE));
      await stop(on.plane, claims);
      await on.plane.sweep();
      const end = endOf(on, held.identity.identityId);
      assert.deepEqual([end?.state, end?.refusal?.code], ["REVOKED", code]);
      const beside = on.plane.event(on.governed, on.under("beside"));
      const isOfAll = claims["jkt"] === KEYS.agent.thumbprint;
      assert.equal((await on.plane.issue(beside)).ok, !isOfAll);
    });

    test(`VAI-118 POC-20 ${what} let go on again while a handle below is open: not before that has ended`, async () => {
      const on = await handed();
      const { handle, identity } = granted(await issue(on, HANDLE));
      await stop(on.plane, claims);
      const waiting = refused(await lift(on.plane, back));
      assert.equal(waiting.code, "REVOCATION_PENDING");
      assert.match(waiting.detail, new RegExp(identity.identityId));
      await on.plane.sweep();
      const lifted = await lift(on.plane, back);
      assert.ok(lifted.ok, JSON.stringify(lifted));
      assert.equal(refused(await redeem(on, handle)).code, "IDENTITY_REVOKED");
      assert.equal(on.plane.targets.calls.length, 0);
    });
  }

  test("POC-28 of several who are stopped above each is named once, as what is to be lifted", async () => {
    const kinds = [
      { stops: "haltActor", lifts: "reinstateActor", by: "actorId", of: [ACTOR, PAYOUTS] },
      {
        ...{ stops: "revokeKey", lifts: "reinstateKey", by: "jkt" },
        of: [KEYS.agent.thumbprint, KEYS.refunds.thumbprint],
      },
    ];
    for (const { stops, lifts, by, of } of kinds) {
      const on = await handed();
      for (const each of of) await stop(on.plane, { do: stops, [by]: each });
      const { unlock } = refused(await issue(on));
      assert.deepEqual(
        unlock,
        of.map((each) => ({ kind: "command", names: 2, do: lifts, [by]: each })),
      );
    }
  });

  test("POC-A24 a block whose window ends before barrier 2: the identity has expired, and nothing is called", async () => {
    const plane = await newPlane();
    const governed = plane.contract(DELEGABLE);
    const request = { set: { "/exp": "$seconds+120" } };
    const { chain } = await handOn(plane, governed, { request });
    const set = { "/chainDigest": digestOf(chain.at(-1)), "/operation/parameters/percent": 1 };
    const use: Mutation = {
      request: { signedBy: "refunds", set },
      event: { set: { "/chain": chain } },
    };
    const deps = meddled(plane, "assumeRole", async () => plane.world.pass(130));
    const answer = refused(await plane.issue(plane.event(governed, use), deps));
    assert.deepEqual([answer.code, answer.stage], ["CHAIN_EXPIRED", "state"]);
    assert.ok(plane.types(governed.chainId).includes("IdentityExpired"));
    assert.equal(plane.targets.calls.length, 0);
  });

  test("POC-36 a plane key that the trust policy revokes: `sweep` ends what hangs on its blocks", async () => {
    const on = await handed();
    const held = granted(await issue(on, HANDLE));
    const at = on.plane.policy.planeKeys.findIndex(({ use }) => use === "plane");
    const next = new MemoryKms(on.plane.faults, "planeSigner");
    const set = {
      [`/planeKeys/${at}/revokedAt`]: "$seconds",
      "/planeKeys/-": { key: next.jwk, use: "plane", notBefore: "$seconds-1" },
    };
    const planeSigner = new KmsSigner(next.client(), "next-plane-key");
    on.plane.deps = { ...on.plane.deps, planeSigner };
    await on.plane.publish({ set });
    await on.plane.sweep();
    const end = endOf(on, held.identity.identityId);
    assert.deepEqual([end?.state, end?.refusal?.code], ["REVOKED", "CHAIN_ROOT_REVOKED"]);
  });

  test("VAI-118 whoever stands beside is waited for by no lift", async () => {
    const on = await handed();
    granted(await issue(on, HANDLE));
    const { thumbprint: jkt } = KEYS.otherAgent;
    for (const [claims, back] of [
      [
        { do: "haltActor", actorId: agentOf("otherAgent") },
        { do: "reinstateActor", actorId: agentOf("otherAgent") },
      ],
      [
        { do: "revokeKey", jkt },
        { do: "reinstateKey", jkt },
      ],
    ] as const) {
      await stop(on.plane, claims);
      assert.ok((await lift(on.plane, back)).ok);
    }
  });

  test("VAI-112 a halt by the name of now counts what the key itself holds, and what is below it is left to `sweep`", async () => {
    const on = await handed();
    await on.plane.publish({ set: { "/agents/1/name": BOOKS } });
    granted(await issue(on, HANDLE));
    assert.equal((await stop(on.plane, { do: "haltActor", actorId: PAYOUTS })).inFlight, 0);
    assert.equal((await stop(on.plane, { do: "haltActor", actorId: BOOKS })).inFlight, 1);
  });

  test("POC-28 credentials that were delivered below whoever is halted are denied at IAM by the run of `sweep` that is woken", async () => {
    const plane = await newPlane();
    const governed = plane.contract({
      ...CREDENTIALS,
      contract: { set: { ...CREDENTIALS.contract?.set, "/delegation": { maxDepth: 2 } } },
    });
    const first = await handOn(plane, governed);
    const { chain, block } = await handOn(plane, governed, { chain: first.chain, to: "ledger" });
    const set = { ...CREDENTIALS.request?.set, "/chainDigest": block.digest };
    await plane.grant(
      {
        ...CREDENTIALS,
        request: { ...CREDENTIALS.request, signedBy: "ledger", set },
        event: { set: { "/chain": chain } },
      },
      governed,
    );
    const { woken } = plane;
    const command = plane.command({ do: "haltActor", actorId: agentOf("refunds") });
    const answer = await plane.revoke({ command });
    assert.ok(answer.ok);
    assert.deepEqual(
      answer.points.map(({ point }) => point),
      ["adapter"],
    );
    assert.equal(plane.woken, woken + 1);
    await plane.sweep();
    const types = plane
      .records(governed.chainId)
      .flatMap(({ event: { type }, detail }) =>
        type === "IdentityRevoked" || type === "RevocationAcknowledged"
          ? [detail["point"] ?? type]
          : [],
      );
    assert.deepEqual(types, ["IdentityRevoked", "iam"]);
  });
});
