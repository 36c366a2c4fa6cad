import { areDependent, type Touch } from "./touch.ts";

/** A step that can be taken now. Its id is the same in every run that comes to it by the same steps. */
export interface Move {
  readonly id: string;
  readonly touches: readonly Touch[];
}

/** Something from its beginning, to be led through one interleaving. */
export interface Run {
  /** What can be taken, in the order in which it came up; nothing: it is over. */
  enabled(): readonly Move[];
  take(id: string): Promise<void>;
}

/** How far an exploration has come. */
export interface Explored {
  /** Interleavings that were played to their end; no two of them differ only in the order of independent steps. */
  complete: number;
  /** Runs that were given up on the way, since all that was left of them had been seen. */
  cut: number;
}

/** A state on the way: what can be taken there, and what of it is to be taken, was, or need not be. */
interface Node {
  readonly enabled: readonly Move[];
  readonly sleep: ReadonlySet<string>;
  readonly done: Set<string>;
  readonly wanted: Set<string>;
  chosen: Move;
}

/**
 * Plays every interleaving that can differ from the others, each once: depth-first, with the source sets and sleep sets of
 * "Optimal dynamic partial order reduction" (Abdulla, Aronis, Jonsson, Sagonas; POPL 2014). A state's other choices are
 * played where two dependent steps behind it were seen in one order and could have come in the other. Nothing is kept of a
 * state but the way to it: each run begins anew.
 * @param onEnd looks at the run that is over; unless it says `true` the exploration ends.
 */
export async function explore(
  begin: () => Promise<Run>,
  onEnd: (schedule: readonly string[]) => Promise<boolean>,
): Promise<Explored> {
  const explored: Explored = { complete: 0, cut: 0 };
  const path: Node[] = [];
  do {
    const isWhole = await play(await begin(), path);
    wantReversals(path);
    if (isWhole) {
      explored.complete += 1;
      if (!(await onEnd(path.map(({ chosen }) => chosen.id)))) return explored;
    } else explored.cut += 1;
  } while (turn(path));
  return explored;
}

/** Goes the way that is laid out, then on to the end; `false`: nothing is left there that was not seen. */
async function play(run: Run, path: Node[]): Promise<boolean> {
  for (const { chosen } of path) await run.take(chosen.id);
  for (let enabled = run.enabled(); enabled.length > 0; enabled = run.enabled()) {
    const sleep = sleepBehind(path.at(-1));
    const chosen = enabled.find(({ id }) => !sleep.has(id));
    if (chosen === undefined) return false;
    path.push({ enabled, sleep, done: new Set(), wanted: new Set([chosen.id]), chosen });
    await run.take(chosen.id);
  }
  return true;
}

/** What was taken before from the same state, or slept there, and does not meet the step: to take it later is the same. */
function sleepBehind(node: Node | undefined): ReadonlySet<string> {
  if (node === undefined) return new Set();
  const { enabled, sleep, done, chosen } = node;
  return new Set(
    enabled
      .filter(({ id }) => sleep.has(id) || done.has(id))
      .filter(({ touches }) => !areDependent(touches, chosen.touches))
      .map(({ id }) => id),
  );
}

/** Back to the last state with something left to take, which is taken next. */
function turn(path: Node[]): boolean {
  for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
    const { enabled, sleep, done, wanted, chosen } = node;
    done.add(chosen.id);
    const next = enabled.find(({ id }) => wanted.has(id) && !done.has(id) && !sleep.has(id));
    if (next !== undefined) {
      node.chosen = next;
      return true;
    }
    path.pop();
  }
  return false;
}

/** For each two steps that met and could have met the other way round: where to turn off for that. */
function wantReversals(path: readonly Node[]): void {
  const order = orderOf(path);
  for (let later = 1; later < path.length; later++) {
    for (let earlier = 0; earlier < later; earlier++) {
      if (isReversible(order, path, earlier, later)) want(order, path, earlier, later);
    }
  }
}

/** What happened before what, and in consequence of what. */
interface Order {
  /** `before[j]` has i: the step j follows from i, or met it or something that did. */
  readonly before: readonly ReadonlySet<number>[];
  /** The step in which a step came up; -1 for the beginning. */
  readonly causes: readonly number[];
}

function orderOf(path: readonly Node[]): Order {
  const causes = path.map(({ chosen }) => path.findIndex((node) => has(node, chosen.id)) - 1);
  const before: Set<number>[] = [];
  for (const [index, { chosen }] of path.entries()) {
    const own = new Set<number>();
    for (let other = index - 1; other >= 0; other--) {
      const isBefore = other === causes[index] || meet(path[other], chosen);
      if (!isBefore || own.has(other)) continue;
      own.add(other);
      for (const each of before[other] ?? []) own.add(each);
    }
    before.push(own);
  }
  return { before, causes };
}

const has = ({ enabled }: Node, id: string): boolean => enabled.some((each) => each.id === id);

const meet = (node: Node | undefined, { touches }: Move): boolean =>
  node !== undefined && areDependent(node.chosen.touches, touches);

/** They meet, the later one was there already, and nothing between them is behind the one and before the other. */
function isReversible(
  { before, causes }: Order,
  path: readonly Node[],
  earlier: number,
  later: number,
): boolean {
  const node = path[later];
  if (node === undefined || causes[later] === earlier || !meet(path[earlier], node.chosen)) {
    return false;
  }
  for (let between = earlier + 1; between < later; between++) {
    if (before[later]?.has(between) === true && before[between]?.has(earlier) === true)
      return false;
  }
  return true;
}

/** From before the earlier one, something that begins a way to the later one without it. */
function want({ before }: Order, path: readonly Node[], earlier: number, later: number): void {
  const way: number[] = [];
  for (let index = earlier + 1; index <= later; index++) {
    if (index === later || before[index]?.has(earlier) !== true) way.push(index);
  }
  const beginnings = way
    .filter((index) => !way.some((other) => other < index && before[index]?.has(other) === true))
    .map((index) => path[index]?.chosen.id ?? "");
  const node = path[earlier];
  const isWanted = node === undefined || beginnings.some((id) => node.wanted.has(id));
  if (!isWanted) node.wanted.add(beginnings.find((id) => has(node, id)) ?? "");
}
