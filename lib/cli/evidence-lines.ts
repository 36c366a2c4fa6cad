import type { Coverage, Unmet } from "../audit/coverage.ts";
import type { Unended } from "../audit/unended.ts";
import type { EvidenceReport } from "../audit/verify-evidence.ts";
import { counted } from "./plural.ts";

/** Whose evidence it is and how much of it, in words: what a reader would otherwise take for granted. */
export const coverageLines = ({ plane, whole, intents, intent, createdAt }: Coverage): string[] => [
  `plane      ${plane ?? "unknown"}`,
  whole
    ? `covers     the whole plane at ${createdAt}, as the exporter says: ${counted(intents, "intent")}`
    : `covers     one intent only, ${intent}, at ${createdAt}`,
];

export const unmetLines = (unmet: readonly Unmet[]): string[] =>
  unmet.map(({ demand, what }) => `not what --${demand} demands: this export ${what}`);

/** Lines of identities that are listed by name. */
const SHOWN = 5;

const REACHED: Readonly<Record<Unended["reached"], string>> = {
  issued: "issued, never used",
  minted: "its credentials were made",
  begun: "its call was begun",
};

/** Said, and no defect: a handle that nobody redeemed has no end, nor has a call whose function died. */
export function unendedLines({
  unended,
  unendedCount,
}: Pick<EvidenceReport, "unended" | "unendedCount">): string[] {
  if (unendedCount === 0) return [];
  const more = unendedCount - SHOWN;
  return [
    `${counted(unendedCount, "identity", "identities")} without an end on record: never written, or cut off:`,
    ...unended
      .slice(0, SHOWN)
      .map(
        ({ chainId, identityId, reached, expiresAt }) =>
          `  ${chainId} ${identityId}: ${REACHED[reached]}; its time is over at ${expiresAt ?? "an unknown time"}`,
      ),
    ...(more > 0 ? [`  and ${more} more: --json lists up to 100`] : []),
  ];
}
