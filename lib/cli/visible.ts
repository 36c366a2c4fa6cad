/**
 * Controls, bidirectional marks, line separators, lone surrogates, private and unassigned characters: a terminal obeys
 * some and hides others, so a name in a contract or an export could erase a verdict and write another one over it. So are
 * fillers, joiners and selectors that fonts show as nothing, and blanks that are not the space: two names would look the
 * same. Line breaks stay: they are between the lines of one output.
 */
const UNSEEN = /[^\P{C}\n]|[\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu;

/** Text whose every character is seen. What is not becomes `\uXXXX`, which JSON reads as the same character. */
export const visible = (text: string): string => text.replace(UNSEEN, escaped);

/** The same for what must stay one line: a line break inside would let a name write lines of its own. */
export const visibleLine = (text: string): string => visible(text).replaceAll("\n", "\\n");

/** The same where what is meant hangs on each letter: of two names no letter of another script is taken for one's own. */
export const unmistakable = (text: string): string => text.replace(/[^ -~]/gu, escaped);

/** By UTF-16 unit, as JSON does. */
const escaped = (character: string): string =>
  Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`,
  ).join("");
