/** One place of a pattern: a UTF-16 code unit, or one of the two wildcards. */
export const ANY_RUN = -1;
export const ANY_ONE = -2;
export type PatternUnit = number;

/**
 * Whether a value matches a pattern of literals, `*` and `?`. Two pointers and one resume point: at
 * most pattern × value steps, no regular expression, so no policy text can stall the evaluator.
 */
export function matchesUnits(units: readonly PatternUnit[], value: string): boolean {
  let unit = 0;
  let index = 0;
  let resumeUnit = -1;
  let resumeIndex = 0;
  while (index < value.length) {
    const wanted = units[unit];
    if (wanted === ANY_RUN) {
      resumeUnit = ++unit;
      resumeIndex = index;
    } else if (wanted === ANY_ONE || wanted === value.charCodeAt(index)) {
      unit++;
      index++;
    } else if (resumeUnit >= 0) {
      unit = resumeUnit;
      index = ++resumeIndex;
    } else {
      return false;
    }
  }
  while (units[unit] === ANY_RUN) unit++;
  return unit === units.length;
}

export function literalUnits(text: string): PatternUnit[] {
  const units: PatternUnit[] = [];
  for (let index = 0; index < text.length; index++) units.push(text.charCodeAt(index));
  return units;
}
