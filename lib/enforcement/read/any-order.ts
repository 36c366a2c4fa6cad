/**
 * By chance, so that who lists more of his own than there is time for is not before all others each time.
 * @param random uniform in [0, 1).
 */
export const inAnyOrder = (list: readonly string[], random: () => number): string[] =>
  list
    .map((each): [number, string] => [random(), each])
    .sort(([left], [right]) => left - right)
    .map(([, each]) => each);
