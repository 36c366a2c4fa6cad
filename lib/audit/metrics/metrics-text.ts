import type { Metrics } from "./metrics.ts";
import { RANGES } from "./unused.ts";

/** Metrics as plain tables, for people who decide what contracts should say. */
export const metricsLines = ({ requests, uses, violations }: Metrics): string[] => [
  "Requests refused because the contract says too little",
  `  ${percent(requests.share)} of ${requests.requests} requests: ${requests.missing} by what is missing, ${requests.ambiguous} by what is ambiguous`,
  ...table(
    ["refused", "missing", "ambiguous", "requests", "issuer", "template (its actions)"],
    requests.groups.map((each) => [
      ...[percent(each.share), each.missing, each.ambiguous, each.requests],
      ...[each.issuer, each.template],
    ]),
  ),
  ...othersLine(requests.others.requests, "requests of further issuers and templates"),
  `  besides: ${requests.counted} refusals of which evidence has the number alone, ${requests.observed} observed requests`,
  "",
  "Identities that expired unused",
  `  ${percent(uses.share)} of ${uses.ended} that ended: ${uses.expiredUnused} unused; ${uses.expiredUnknown} in their caller's hands, of which CloudTrail tells`,
  `  ${uses.issued} issued, ${uses.issued - uses.ended} without an end on record`,
  "  from issuance to first use:",
  ...table(
    ["delivery", "used", ...RANGES.map((end) => `≤ ${end} s`), "later", "longest"],
    uses.firstUse.map(({ delivery, used, within, longestSeconds }) => [
      ...[delivery, used, ...within, `${longestSeconds.toFixed(2)} s`],
    ]),
  ),
  "",
  "Violations",
  `  ${violations.violations} attempts outside a contract`,
  ...table(
    ["attempts", "adapter", "action", "actor"],
    violations.clusters.map((each) => [each.violations, each.adapter, each.action, each.actor]),
  ),
  ...othersLine(violations.others.violations, "attempts of further clusters"),
];

const percent = (share: number | null): string =>
  share === null ? "none" : `${(share * 100).toFixed(1)} %`;

const othersLine = (count: number, what: string): string[] =>
  count === 0 ? [] : [`  and ${count} ${what}`];

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  if (rows.length === 0) return ["  none"];
  const lines = [head, ...rows.map((row) => row.map(String))];
  const widths = head.map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? "").length)),
  );
  return lines.map((line) =>
    `  ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd(),
  );
}
