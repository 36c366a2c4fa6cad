/** ARNs by family on which a cloud team lets the plane act: exact, or a prefix that ends in `*` (infra/README.md, targets). */
export type OpenTargets = Readonly<Record<string, readonly string[]>>;

/**
 * Whether a deployment opens a target to a family of actions. IAM decides, by the ceilings that the same list made; this
 * says it before a use is spent. The list does not tell the actions of a family apart, so it may say yes where IAM says no.
 */
export const isOpened = (targets: OpenTargets, family: string, resource: string): boolean =>
  (targets[family] ?? []).some((opened) => isWithin(opened, resource));

/** Whether an ARN is the one that was opened, or lies behind a prefix that was. */
export const isWithin = (opened: string, resource: string): boolean =>
  opened.endsWith("*") ? resource.startsWith(opened.slice(0, -1)) : resource === opened;
