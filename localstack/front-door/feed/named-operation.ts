import type { Exchange } from "../exchange.ts";

/** An operation as one protocol names it. */
export interface NamedOperation {
  readonly operation: string;
  readonly eventName?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
}

/** The path without its query, as sent. */
export const pathOf = (exchange: Exchange): string => exchange.target.split("?", 1)[0] ?? "";

/** The decoded parts of a path; a part that cannot be decoded stays as it is. */
export const partsOf = (exchange: Exchange): string[] =>
  pathOf(exchange)
    .split("/")
    .slice(1)
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    });
