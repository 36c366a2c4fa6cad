interface Step {
  readonly at: number;
  readonly value: number;
  readonly before: Step | undefined;
}

/**
 * The most elements, each with one of its values, whose values rise: what stands in order when something was put in
 * between or moved. One element out of place costs itself and nothing else, however far ahead its value is
 * (Hunt and Szymanski's way to a longest common subsequence).
 * @param choices for each element the values that it may take, ascending.
 * @returns for each element its value; `undefined` for one out of order. Of equal ones the later stays.
 */
export function longestRise(choices: readonly (readonly number[])[]): (number | undefined)[] {
  /** Of the rises of each length the one that ends lowest. */
  const ends: Step[] = [];
  for (const [at, values] of choices.entries()) {
    // Downwards, so that no element follows itself.
    for (let each = values.length - 1; each >= 0; each--) {
      const value = values[each] ?? 0;
      const length = countBelow(ends, value);
      ends[length] = { at, value, before: ends[length - 1] };
    }
  }
  const rise = new Array<number | undefined>(choices.length).fill(undefined);
  for (let step = ends.at(-1); step !== undefined; step = step.before) rise[step.at] = step.value;
  return rise;
}

/** How many ends lie below a value; ends rise. */
function countBelow(ends: readonly Step[], value: number): number {
  let [low, high] = [0, ends.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ends[middle]?.value ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
