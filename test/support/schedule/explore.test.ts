import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { explore, type Move, type Run } from "./explore.ts";
import { areDependent } from "./touch.ts";

/** A step of a small program: what it touches, and the steps by whose ends it comes up. */
interface Small {
  readonly item: number;
  readonly isWrite: boolean;
  readonly after: readonly number[];
}

/** Registers: what somebody reads is what was written last, so two orders that matter to anybody end differently. */
class SmallRun implements Run {
  readonly seen = new Map<string, string>();
  readonly #program: readonly Small[];
  readonly #registers = new Map<number, string>();

  constructor(program: readonly Small[]) {
    this.#program = program;
  }

  enabled(): readonly Move[] {
    return this.#program.flatMap(({ item, isWrite, after }, index) => {
      const isOpen = !this.seen.has(`${index}`) && after.every((each) => this.seen.has(`${each}`));
      const touches = [{ table: "small", pk: String(item), isWrite }];
      return isOpen ? [{ id: `${index}`, touches }] : [];
    });
  }

  async take(id: string): Promise<void> {
    const due = this.#program[Number(id)];
    assert.ok(due, id);
    this.seen.set(id, this.#registers.get(due.item) ?? "nothing");
    if (due.isWrite) this.#registers.set(due.item, id);
  }

  /** What everybody has seen: all that the run can differ in. */
  ending(): string {
    return JSON.stringify([...this.seen].sort());
  }
}

/** Every interleaving there is: how each ends, and which of them differ in more than the order of independent steps. */
async function enumerate(program: readonly Small[]) {
  const [endings, classes] = [new Set<string>(), new Set<string>()];
  let all = 0;
  const go = async (before: readonly Move[]): Promise<void> => {
    const run = new SmallRun(program);
    for (const { id } of before) await run.take(id);
    const open = run.enabled();
    if (open.length === 0) {
      all += 1;
      endings.add(run.ending());
      classes.add(classOf(before));
    }
    for (const move of open) await go([...before, move]);
  };
  await go([]);
  return { all, endings, classes };
}

/** The order of every two steps that meet. */
function classOf(moves: readonly Move[]): string {
  const pairs = moves.flatMap((earlier, index) =>
    moves
      .slice(index + 1)
      .filter(({ touches }) => areDependent(earlier.touches, touches))
      .map((later) => `${earlier.id}<${later.id}`),
  );
  return pairs.sort().join(" ");
}

async function explored(program: readonly Small[]) {
  const endings = new Set<string>();
  let last = new SmallRun(program);
  const { complete } = await explore(
    async () => {
      last = new SmallRun(program);
      return last;
    },
    async () => {
      endings.add(last.ending());
      return true;
    },
  );
  return { complete, endings };
}

const step = (item: number, isWrite: boolean, ...after: number[]): Small => ({
  ...{ item, isWrite, after },
});
const [reads, writes] = [false, true];

suite("the exploration of interleavings", () => {
  test("ADV-13 steps that never meet are one interleaving, however many there are", async () => {
    const three = [0, 1, 2].flatMap((item) => [step(item, writes), step(item, writes, 2 * item)]);
    assert.equal((await enumerate(three)).all, 90);
    assert.equal((await explored(three)).complete, 1);
  });

  test("ADV-13 writers of one item are every order of them", async () => {
    const three = [0, 1, 2].map(() => step(0, writes));
    assert.equal((await explored(three)).complete, 6);
  });

  test("ADV-13 a writer between two readers in turn: before, between and behind them", async () => {
    const program = [step(0, reads), step(0, reads, 0), step(0, writes)];
    assert.equal((await explored(program)).complete, 3);
  });

  test("ADV-13 nothing is lost: of any small program it sees each ending of all interleavings, and no class of them twice", async () => {
    const smallAt = (index: number): fc.Arbitrary<Small> =>
      fc.record({
        item: fc.nat({ max: 2 }),
        isWrite: fc.boolean(),
        // Begun by one step, or joining two.
        after: fc.subarray([...Array(index).keys()], { maxLength: Math.min(2, index) }),
      });
    const programs = fc.tuple(...Array.from({ length: 6 }, (_, index) => smallAt(index)));
    await fc.assert(
      fc.asyncProperty(programs, async (program) => {
        const whole = await enumerate(program);
        const { complete, endings } = await explored(program);
        assert.deepEqual(endings, whole.endings);
        assert.equal(complete, whole.classes.size);
      }),
      { seed: 13, numRuns: 150 },
    );
  });
});
