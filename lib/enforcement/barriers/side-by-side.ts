/** How many at once: as many as a function's connections bear without waiting for one another. */
const WIDTH = 8;

/**
 * Does a piece of work for each, some at once, in order, until there is no time left or one of them says that it is enough.
 * @param mayGoOn asked before each few.
 * @returns what was done, and those that were left.
 */
export async function sideBySide<T, R>(
  all: readonly T[],
  work: (each: T) => Promise<R>,
  mayGoOn: (done: readonly R[]) => boolean,
): Promise<{ readonly done: readonly R[]; readonly left: readonly T[] }> {
  const done: R[] = [];
  for (let from = 0; from < all.length; from += WIDTH) {
    if (!mayGoOn(done)) return { done, left: all.slice(from) };
    done.push(...(await Promise.all(all.slice(from, from + WIDTH).map(work))));
  }
  return { done, left: [] };
}
