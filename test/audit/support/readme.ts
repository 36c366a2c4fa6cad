import { readFileSync } from "node:fs";

/** The page for compliance teams. */
export const README = readFileSync(
  new URL("../../../lib/audit/README.md", import.meta.url),
  "utf8",
);
