import { readerActions } from "../../actions/reader.ts";

/**
 * The session policy of a family's reader role (PROTOCOL.md §9): the family's reads, on the configured
 * targets, in one region, and a Deny of everything else. Without the Denies a resource policy that names
 * the session `vai-reader` could give it more (IAM user guide, policy evaluation logic).
 *
 * The targets are listed once, to leave room for 1,400 characters of them within the 2,048 that STS
 * takes: the Allow names only their kind, and a Deny takes away what the list does not reach.
 * @param targets - ARNs, exact or with a trailing `*`, as the cloud team configured them
 */
export function readerPolicy(family: string, targets: readonly string[], region: string): object {
  const { onTargets, anywhere } = readerActions(family);
  const bounded = targets.length === 0 ? [] : onTargets;
  const reads = [...bounded, ...anywhere];
  if (reads.length === 0) return document([deny({ Action: "*", Resource: "*" })]);
  const elsewhere = { StringNotEquals: { "aws:RequestedRegion": region } };
  return document([
    ...(bounded.length === 0 ? [] : [allow(bounded, kindsOf(targets))]),
    ...(anywhere.length === 0 ? [] : [allow(anywhere, "*")]),
    deny({ NotAction: reads, Resource: "*" }),
    ...(bounded.length === 0 ? [] : [deny({ Action: bounded, NotResource: targets })]),
    deny({ Action: "*", Resource: "*", Condition: elsewhere }),
  ]);
}

const document = (Statement: readonly object[]): object => ({ Version: "2012-10-17", Statement });

const allow = (Action: readonly string[], Resource: string | readonly string[]): object => ({
  Effect: "Allow",
  Action,
  Resource,
});

const deny = (statement: object): object => ({ Effect: "Deny", ...statement });

/** `arn:aws:dynamodb:<region>:<account>:table/*`; where ARNs carry no account (S3) they carry no kind either. */
const kindsOf = (targets: readonly string[]): string[] => [
  ...new Set(
    targets.map((arn) => {
      const [, place = "", name = ""] = /^((?:[^:]*:){5})(.*)$/.exec(arn) ?? [];
      const kind = place.endsWith("::") ? "" : (/^[a-z-]+[/:]/.exec(name)?.[0] ?? "");
      return `${place}${kind}*`;
    }),
  ),
];
