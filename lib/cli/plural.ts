/** A count with its noun: `counted(1, "record")` is `1 record`, `counted(2, "policy", "policies")` is `2 policies`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;
