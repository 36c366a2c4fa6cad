import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Digest } from "../../lib/encoding/digest.ts";
import type { EndTrigger } from "../../lib/evidence/details.ts";
import { isTerminal } from "../../lib/evidence/events.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import { TRIGGER_NAMES, TRIGGERS } from "../../lib/lifecycle/triggers.ts";
import { REFUSAL_CODES } from "../../lib/refusal.ts";
import { handOn, treeOf, withdrawEvent, withdrawn } from "../support/delegating.ts";
import { CREDENTIALS, HANDLE } from "../support/deliveries.ts";
import { FUNCTION, type Governed, type Mutation } from "../support/governed.ts";
import { KEYS } from "../support/keys.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";

/*
 * The nine triggers as they stand in `triggers.ts`: each brought about on a live identity of the deliveries that it can
 * meet. Which terminal record it leaves, and with what the identity and the contract are refused from then on, is
 * compared with the table; a trigger without a course here fails.
 */

const ASSUMPTION = {
  ...{ name: "live-is-6", read: "lambda:GetAlias", resource: FUNCTION },
  ...{ parameters: { alias: "live" }, path: "/FunctionVersion", expect: { exact: "6" } },
  ...{ maxAgeSeconds: 60, recheck: true },
};

const withContract = (mutation: Mutation, set: Record<string, unknown>): Mutation => ({
  ...mutation,
  contract: { set: { ...mutation.contract?.set, ...set } },
});
/** A second use is left, so that it is the end that refuses it. */
const twice = (mutation: Mutation, set: Record<string, unknown> = {}): Mutation =>
  withContract(mutation, { "/authorization_details/0/limits": { calls: 2 }, ...set });

interface Live {
  readonly plane: Plane;
  readonly governed: Governed;
  readonly mutation: Mutation;
  readonly handle: unknown;
  /** What its requests say besides, because of a chain. */
  readonly under: Mutation;
}

/** How one course is begun, and what ends its identity. */
interface Course {
  readonly trigger: EndTrigger;
  readonly what: string;
  readonly mutation: Mutation;
  /** Of an identity that ends within its own issuance, what happens before. */
  readonly before?: (plane: Plane) => void;
  /** Whether it is issued under a block, by whoever that designates. */
  readonly isContinued?: true;
  /** Whether the function that asks dies. */
  readonly death?: true;
  readonly ends: (live: Live) => unknown;
}

/** Which requirement each trigger is. */
const SHOWS: Readonly<Record<EndTrigger, string>> = {
  windowEnded: "VAI-106",
  completed: "VAI-107",
  contextChanged: "VAI-108",
  policyChanged: "VAI-109",
  riskSignal: "VAI-110",
  executionFailed: "VAI-111",
  operator: "VAI-112",
  evidenceFailed: "VAI-113",
  violation: "VAI-114",
  withdrawn: "POC-37",
};

const nothing = (): void => {};
const order =
  (claims: (live: Live) => Parameters<Plane["command"]>[0], signedBy?: "signaller") =>
  async (live: Live): Promise<void> => {
    const change = signedBy === undefined ? {} : { signedBy };
    const command = live.plane.command(claims(live), change);
    const answer = await live.plane.revoke({ command });
    assert.ok(answer.ok, JSON.stringify(answer));
  };
const redeem = async ({ plane, governed, handle, under }: Live, mutation: Mutation = {}) =>
  plane.execute(plane.redemption(governed, handle, { ...under, ...mutation }));
const seeing =
  (...versions: string[]) =>
  (plane: Plane) => {
    const answers = versions.map((FunctionVersion) => ({ FunctionVersion }));
    plane.targets.answers.set("lambda:GetAlias", answers);
  };

const LIVE: Readonly<Record<string, Mutation>> = { handle: HANDLE, credentials: CREDENTIALS };
const ORDERS: Readonly<Record<string, (live: Live) => Parameters<Plane["command"]>[0]>> = {
  "its identity is revoked with its contract": ({ governed: { contractDigest } }) => ({
    do: "revokeContract",
    contractDigest,
  }),
  "the plane is halted": () => ({ do: "haltPlane" }),
  "its actor is halted": ({ plane, governed }) => ({
    do: "haltActor",
    actorId: plane.records(governed.chainId)[0]?.actor?.id ?? "",
  }),
  "its key is revoked": () => ({ do: "revokeKey", jkt: KEYS.agent.thumbprint }),
};

const LISTED = { "/revokeOn": ["policyChanged"] };
const REPLACED = { set: { "/policies/0/version": "2" } };

const CONTINUED = twice(HANDLE, { "/delegation": { maxDepth: 3 } });
const blockOf = ({ plane, governed }: Live): Digest =>
  [...treeOf(plane, governed).blocks.keys()][0] ?? governed.contractDigest;

const COURSES: readonly Course[] = [
  {
    trigger: "withdrawn",
    what: "a handle whose block is withdrawn",
    ...{ mutation: CONTINUED, isContinued: true },
    ends: async (live) => {
      const { plane, governed } = live;
      withdrawn(await plane.delegate(withdrawEvent(plane, governed, { block: blockOf(live) })));
    },
  },
  {
    trigger: "withdrawn",
    what: "a handle whose block an operator ends",
    ...{ mutation: CONTINUED, isContinued: true },
    ends: order((live) => ({
      do: "revokeDelegation",
      contractDigest: live.governed.contractDigest,
      block: blockOf(live),
    })),
  },
  ...Object.entries(LIVE).flatMap(([delivery, mutation]): Course[] => [
    {
      trigger: "windowEnded",
      what: `${delivery} that nobody used`,
      mutation: twice(mutation),
      ends: ({ plane }) => plane.world.pass(601),
    },
    ...Object.entries(ORDERS).map(
      ([what, claims]): Course => ({
        trigger: "operator",
        what: `${delivery}, and ${what}`,
        mutation: twice(mutation),
        ends: order(claims),
      }),
    ),
    ...(["context", "risk"] as const).map(
      (kind): Course => ({
        trigger: kind === "context" ? "contextChanged" : "riskSignal",
        what: `${delivery}, and a signal ${kind} comes that its contract lists`,
        mutation: twice(mutation, {
          "/revokeOn": [kind === "context" ? "contextChanged" : "riskSignal"],
        }),
        ends: order(
          ({ governed: { contractDigest } }) => ({
            ...{ do: "signal", iss: "monitor", kind, contractDigest },
          }),
          "signaller",
        ),
      }),
    ),
  ]),
  {
    trigger: "completed",
    what: "an execution",
    mutation: {},
    ends: nothing,
  },
  { trigger: "completed", what: "a handle that is redeemed", mutation: HANDLE, ends: redeem },
  {
    trigger: "contextChanged",
    what: "an execution whose assumption fails before the call",
    mutation: twice({}, { "/assumptions": [ASSUMPTION], "/revokeOn": ["contextChanged"] }),
    before: seeing("6", "7"),
    ends: nothing,
  },
  {
    trigger: "contextChanged",
    what: "a handle whose assumption fails at its redemption",
    mutation: twice(HANDLE, { "/assumptions": [ASSUMPTION], "/revokeOn": ["contextChanged"] }),
    before: seeing("6", "7"),
    ends: redeem,
  },
  {
    trigger: "policyChanged",
    what: "an execution whose policy is replaced before the call",
    mutation: twice({}),
    before: (plane) => {
      const { assumeRole } = plane.deps;
      plane.deps = {
        ...plane.deps,
        assumeRole: async (input) => {
          await plane.publish({ set: { "/policies/0/version": "2" } });
          return assumeRole(input);
        },
      };
    },
    ends: nothing,
  },
  ...Object.entries(LIVE).flatMap(([delivery, mutation]): Course[] => [
    {
      trigger: "policyChanged",
      what: `${delivery}, and its policy is replaced, which its contract lists`,
      mutation: twice(mutation, LISTED),
      ends: async ({ plane }) => {
        await plane.publish(REPLACED);
        await plane.sweep();
      },
    },
    {
      trigger: "policyChanged",
      what: `${delivery}, and a signal policy comes that its contract lists`,
      mutation: twice(mutation, LISTED),
      ends: order(({ governed: { contractDigest } }) => ({
        ...{ do: "signal", kind: "policy", contractDigest },
      })),
    },
  ]),
  {
    trigger: "policyChanged",
    what: "a handle whose policy is replaced, as its redemption sees it",
    mutation: twice(HANDLE, LISTED),
    ends: async (live) => {
      await live.plane.publish(REPLACED);
      await redeem(live);
    },
  },
  {
    trigger: "policyChanged",
    what: "a handle whose policy is replaced, as the next request sees it",
    mutation: twice(HANDLE, LISTED),
    ends: async ({ plane, governed, mutation }) => {
      await plane.publish(REPLACED);
      await plane.ask(mutation, governed);
    },
  },
  {
    trigger: "executionFailed",
    what: "an execution that the target refuses",
    mutation: twice({}),
    before: (plane) => {
      plane.targets.instead = () => ({
        status: "failed",
        error: { name: "AccessDeniedException", kind: "denied" },
      });
    },
    ends: nothing,
  },
  {
    trigger: "executionFailed",
    what: "an execution without a session",
    mutation: {},
    before: (plane) => plane.faults.plan({ at: "sts" }),
    ends: nothing,
  },
  {
    trigger: "executionFailed",
    what: "an execution of unknown outcome",
    mutation: twice({}),
    before: (plane) => plane.faults.plan({ at: "target:call", how: "timeout" }),
    ends: nothing,
  },
  {
    trigger: "executionFailed",
    what: "an issuance whose function died",
    mutation: {},
    death: true,
    before: (plane) => void plane.faults.plan({ at: "sts", how: "throttle" }),
    ends: ({ plane }) => plane.world.pass(91),
  },
  {
    trigger: "executionFailed",
    what: "a handle for which STS gives no session",
    mutation: HANDLE,
    ends: async (live) => {
      live.plane.faults.plan({ at: "sts" });
      await redeem(live);
      live.plane.faults.clear();
    },
  },
  {
    trigger: "executionFailed",
    what: "a handle whose call the target refuses",
    mutation: twice(HANDLE),
    ends: async (live) => {
      live.plane.faults.plan({ at: "target:call", how: "throttle" });
      await redeem(live);
      live.plane.faults.clear();
    },
  },
  ...Object.entries({
    "a mark that nobody signed": (contractDigest: string) => [
      { at: 1, code: "CONTRACT_REVOKED", trigger: "operator", contractDigest },
    ],
    "a mark that nobody can read": () => "garbage",
  }).map(
    ([what, marks]): Course => ({
      trigger: "evidenceFailed",
      what: `a handle, and ${what}`,
      mutation: twice(HANDLE),
      ends: ({ plane, governed }) => {
        const head = plane.dynamo.table(TABLES.state).get(`chain#${governed.chainId}|head`);
        assert.ok(head);
        Object.assign(head, { marks: marks(governed.contractDigest), marked: 1 });
        plane.world.pass(601);
      },
    }),
  ),
  {
    trigger: "evidenceFailed",
    what: "a handle whose function died at its call",
    mutation: twice(HANDLE),
    ends: async (live) => {
      const died = live.plane.faults.death({ at: "target:call" });
      void redeem(live);
      await died;
      live.plane.faults.clear();
      live.plane.world.pass(91);
    },
  },
  {
    trigger: "evidenceFailed",
    what: "a handle, and a signal policy comes while nobody can read what its contract lists",
    mutation: twice(HANDLE),
    ends: async (live) => {
      const table = live.plane.dynamo.table(TABLES.registry);
      const row = table.get("registry|restrictions");
      assert.ok(row);
      table.delete("registry|restrictions");
      live.plane.deps = live.plane.process();
      const { contractDigest } = live.governed;
      await order(() => ({ do: "signal", kind: "policy", contractDigest }))(live);
      table.set("registry|restrictions", row);
      live.plane.world.pass(601);
    },
  },
  {
    trigger: "evidenceFailed",
    what: "an execution whose function died behind its call",
    mutation: twice({}),
    death: true,
    ends: ({ plane }) => plane.world.pass(91),
  },
  {
    trigger: "violation",
    what: "a handle that is redeemed beyond its contract",
    mutation: twice(HANDLE),
    ends: (live) => redeem(live, { request: { set: { "/operation/parameters/percent": 100 } } }),
  },
];

async function begin({ mutation: own, before, death, what, isContinued }: Course): Promise<Live> {
  const plane = await newPlane();
  const governed = plane.contract(own);
  const under = isContinued === true ? await underBlock(plane, governed) : {};
  const mutation = {
    ...own,
    request: {
      ...own.request,
      ...under.request,
      set: { ...own.request?.set, ...under.request?.set },
    },
    event: { ...own.event, ...under.event },
  };
  let handle: unknown;
  if (death === true) {
    const at = what.startsWith("an issuance") ? ({ at: "sts" } as const) : LOST;
    const died = plane.faults.death(at);
    void plane.ask(mutation, governed);
    await died;
    plane.faults.clear();
  } else {
    before?.(plane);
    const answer = await plane.ask(mutation, governed);
    plane.faults.clear();
    handle = answer.ok ? answer.handle : undefined;
  }
  return { plane, governed, mutation, handle, under };
}

/** What a request says that comes under a block of the contract, by whoever that designates. */
async function underBlock(plane: Plane, governed: Governed): Promise<Mutation> {
  const { chain, block } = await handOn(plane, governed);
  return {
    request: { signedBy: "refunds", set: { "/chainDigest": block.digest } },
    event: { set: { "/chain": chain } },
  };
}

/** The third signature is barrier 3's. */
const LOST = { at: "signer:sign", from: 3, to: 3 } as const;

const endsOf = (plane: Plane, { chainId }: Governed): EvidenceRecord[] =>
  plane.records(chainId).filter(({ event }) => isTerminal(event.type));

suite("the triggers that end authority", () => {
  for (const course of COURSES) {
    test(`VAI-07 ${SHOWS[course.trigger]} ${course.trigger}: ${course.what}`, async () => {
      const live = await begin(course);
      const { plane, governed, mutation, handle } = live;
      await course.ends(live);
      await plane.sweep();
      const [end, ...more] = endsOf(plane, governed);
      assert.deepEqual(more, [], "one terminal record an identity");
      assert.equal(end?.detail["trigger"], course.trigger);
      const { records, execute, issue } = TRIGGERS[course.trigger];
      assert.ok((records as readonly string[]).includes(end?.event.type ?? ""), end?.event.type);
      const calls = plane.targets.calls.length;
      const executions = plane.effects().executions;
      if (handle !== undefined) {
        const { code } = refused(await redeem(live));
        assert.ok((execute as readonly string[]).includes(code), code);
      }
      const { code } = refused(await plane.ask(mutation, governed));
      assert.ok((issue as readonly string[]).includes(code), code);
      assert.deepEqual(
        [plane.targets.calls.length, plane.effects().executions],
        [calls, executions],
      );
      assert.equal(endsOf(plane, governed).length, 1);
    });
  }

  test("VAI-33 each of the ten has a course, and names only records that end and codes that there are", () => {
    const shown = new Set(COURSES.map(({ trigger }) => trigger));
    assert.deepEqual(
      TRIGGER_NAMES.filter((name) => !shown.has(name)),
      [],
    );
    assert.equal(TRIGGER_NAMES.length, 10);
    for (const { records, execute, issue } of Object.values(TRIGGERS)) {
      assert.ok(records.every(isTerminal));
      for (const code of [...execute, ...issue]) assert.ok(REFUSAL_CODES.includes(code), code);
    }
  });

  test("VAI-33 what the table names is met by a course, trigger by trigger", async () => {
    const met = new Map<EndTrigger, Set<string>>();
    for (const course of COURSES) {
      const live = await begin(course);
      await course.ends(live);
      await live.plane.sweep();
      const found = met.get(course.trigger) ?? new Set();
      met.set(course.trigger, found);
      found.add(endsOf(live.plane, live.governed)[0]?.event.type ?? "");
      if (live.handle !== undefined) found.add(refused(await redeem(live)).code);
      found.add(refused(await live.plane.ask(live.mutation, live.governed)).code);
    }
    const silent = Object.entries(TRIGGERS).flatMap(([name, { records, execute, issue }]) =>
      [...records, ...execute, ...issue].flatMap((each) =>
        met.get(name as EndTrigger)?.has(each) === true ? [] : [`${name}: ${each}`],
      ),
    );
    assert.deepEqual([...new Set(silent)], LATER);
  });
});

/** What only `supersede` brings about, which this version does not have; marks can be read that say so. */
const LATER = ["policyChanged: DECISION_SUPERSEDED"];
