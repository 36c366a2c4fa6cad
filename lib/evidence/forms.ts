import { fromInstant } from "../clock.ts";
import { type Judge, remembering, text } from "./shape.ts";

/**
 * Forms of texts in records and seals (PROTOCOL.md §5). Most are made anew for each place, because each place remembers
 * its own last text.
 */

export const UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";
const CHAIN_ID = new RegExp(
  `^(?:intent/${UUID}|plane/[a-z]{1,32}|unattributed/\\d{4}-\\d\\d-\\d\\d/[0-9a-f])$`,
);

export const chainId = (): Judge => text(CHAIN_ID, "is not a chain id");

export const digest = (): Judge =>
  text(/^sha256:[0-9a-f]{64}$/, "is not sha256: and 64 lower-case hex digits");

/** Most labels are ASCII, which is judged in a fifth of the time: enforcement reads every record of a chain. */
const ASCII_LABEL = /^[ -~]{1,512}$/;
const LABEL = /^[^\p{C}\p{Zl}\p{Zp}]{1,512}$/u;
const NO_LABEL = " is not 1 to 512 printable characters";

export const label = (): Judge =>
  remembering(
    (value) => (ASCII_LABEL.test(value) || LABEL.test(value) ? undefined : NO_LABEL),
    NO_LABEL,
  );

const NO_INSTANT = " is not RFC 3339 UTC with milliseconds and Z";

export const instant = (): Judge =>
  remembering((value) => (Number.isNaN(fromInstant(value)) ? NO_INSTANT : undefined), NO_INSTANT);

export const exactly =
  (expected: string): Judge =>
  (value) =>
    value === expected ? undefined : ` is not ${expected}`;
