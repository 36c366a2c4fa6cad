import type { Observation, SeenAnswer, Violation } from "../observation.ts";

type Found = Omit<Violation, "invariant">;

/** No record lost or forked: chains hold, and have every record that was stored or that somebody was told of. */
export function kept({ verdict, defects, feed, chains, answers }: Observation): Found[] {
  const hashes = new Map(
    [...chains.values()]
      .flat()
      .map(({ record, hash }) => [`${record.chain.id}#${record.chain.seq}`, hash]),
  );
  const isLost = (key: string): boolean => chains.has(chainOf(key)) && !hashes.has(key);
  const stored = feed.flatMap(({ error, records }) => (error === undefined ? records : []));
  return [
    ...(verdict === "unanchored" || verdict === "complete"
      ? []
      : [{ what: `evidence is ${verdict}` }]),
    ...defects.map((what) => ({ what })),
    ...stored
      .filter(isLost)
      .map((key) => ({ what: `${key} was stored and is not there`, chainId: chainOf(key) })),
    ...answers.flatMap(({ said }) => {
      const told = toldIn(said);
      if (told === undefined) return [];
      const { key, head } = told;
      const isOther = head !== undefined && hashes.get(key) !== head;
      return isLost(key) || (chains.has(chainOf(key)) && isOther)
        ? [{ what: `${key} was told of and is not there`, chainId: chainOf(key) }]
        : [];
    }),
  ];
}

const chainOf = (key: string): string => key.slice(0, key.lastIndexOf("#"));

/** The record that an answer names. */
function toldIn(
  said: SeenAnswer["said"],
): { readonly key: string; readonly head?: string } | undefined {
  if (typeof said !== "object" || !("evidence" in said) || said.evidence === undefined)
    return undefined;
  const { evidence } = said;
  return "head" in evidence
    ? { key: `${evidence.chainId}#${evidence.lastSeq}`, head: evidence.head }
    : { key: `${evidence.chainId}#${evidence.seq}` };
}
