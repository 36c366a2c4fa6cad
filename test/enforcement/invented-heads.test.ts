import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DynamoOpenStore } from "../../lib/aws/ports/open-view.ts";
import type { IssueDeps } from "../../lib/enforcement/deps.ts";
import { isTerminal } from "../../lib/evidence/events.ts";
import { VIEWS, viewKey } from "../../lib/lifecycle/view.ts";
import { HANDLE } from "../support/deliveries.ts";
import type { Governed } from "../support/governed.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import { newPlane, type Plane } from "../support/plane.ts";
import { slowEvidence } from "../support/slow-evidence.ts";

/*
 * Whoever writes State can invent intents: each is a head that `sweep` is told to look at. More of them than a run has time
 * for must not keep it from what is real (VAI-07, ADV-35).
 */

type Item = Record<string, unknown>;

const INVENTED = 6_000;
/** Chains that a run of this process has time for. */
const PER_RUN = 600;
/** Milliseconds that a run works: until ten seconds before its end. */
const RUN = 20_000;

interface Attack {
  readonly what: string;
  /** Beside what lists it. */
  readonly head: Item;
  /** What is done to the head of the real intent. */
  readonly hide?: (head: Item) => void;
  /** Whether all of them are written anew before each run. */
  readonly isRepeated?: boolean;
}

/** Its chain is closed for good, so that nothing ever takes it out of the list. */
const BROKEN = { seq: 5, hash: `sha256:${"0".repeat(64)}` };
const remove = (head: Item): void => {
  for (const name of ["view", "due", "open"]) delete head[name];
};

const ATTACKS: readonly Attack[] = [
  { what: "heads of broken chains", head: BROKEN },
  { what: "heads of broken chains, and the real one hidden", head: BROKEN, hide: remove },
  { what: "heads of empty chains, again before each run", head: {}, isRepeated: true },
  { what: "heads with an unreadable mark", head: { marks: ["x"], marked: 1 } },
  {
    what: "heads of empty chains, again before each run, and the real one due much later",
    head: {},
    isRepeated: true,
    hide: (head) => void Object.assign(head, { due: "9998" }),
  },
];

/** In every list, and due before anything else. */
function invent(plane: Plane, head: Item): void {
  const state = plane.dynamo.table(TABLES.state);
  for (let n = 0; n < INVENTED; n++) {
    const pk = `chain#intent/invented-${n}`;
    const view = VIEWS[n % VIEWS.length];
    state.set(`${pk}|head`, { pk, sk: "head", view, due: "0", open: {}, ...head });
  }
}

/** Another process of `sweep`, which takes its time over each chain. */
function slowly(plane: Plane): IssueDeps {
  const deps = plane.process();
  const evidence = slowEvidence(deps.evidence, () => plane.world.pass(RUN / PER_RUN / 1000));
  return { ...deps, evidence };
}

const endsOf = (plane: Plane, { chainId }: Governed): number =>
  plane.records(chainId).filter(({ event }) => isTerminal(event.type)).length;

suite("thousands of invented heads", () => {
  for (const { what, head, hide, isRepeated = false } of ATTACKS) {
    test(`VAI-07 ADV-35 ${what}: an identity whose window is over has its end at the third run at the latest`, async () => {
      const plane = await newPlane();
      plane.isWhole = false;
      const governed = plane.contract(HANDLE);
      await plane.grant(HANDLE, governed);
      const deps = slowly(plane);
      // It has looked at every chain of this hour before.
      await plane.sweep(deps);
      plane.world.pass(901);
      const own = plane.dynamo.table(TABLES.state).get(`chain#${governed.chainId}|head`);
      assert.equal(own?.["view"], viewKey(governed.chainId.slice("intent/".length)));
      hide?.(own as Item);
      invent(plane, head);
      const ends: number[] = [];
      for (let run = 0; run < 3; run++) {
        if (isRepeated) invent(plane, head);
        const swept = await plane.sweep(deps);
        assert.equal(swept.isWhole, false, "it says that it did not come to all");
        ends.push(endsOf(plane, governed));
        plane.world.pass(40);
      }
      assert.equal(ends.at(-1), 1, `ends after each run: ${ends.join(", ")}`);
    });
  }

  test("VAI-07 ADV-35 what lists chains asks for their keys alone, whatever else somebody has written beside them", async () => {
    const plane = await newPlane();
    plane.isWhole = false;
    invent(plane, { open: { filler: "x".repeat(1000) } });
    const names = new Set<string>();
    const client = plane.dynamo.client();
    const send = client.send.bind(client) as (input: unknown) => Promise<{ Items?: object[] }>;
    const seeing = {
      send: async (input: unknown) => {
        const answer = await send(input);
        for (const item of answer.Items ?? [])
          for (const name of Object.keys(item)) names.add(name);
        return answer;
      },
    };
    const open = new DynamoOpenStore(seeing as never, TABLES.state);
    assert.equal((await open.all()).length, INVENTED);
    assert.deepEqual([...names].sort(), ["pk", "sk"]);
  });
});
