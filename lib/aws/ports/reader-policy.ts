import { readableTargets, readerActions, readerHolders, readerKeys } from "../../actions/reader.ts";
import {
  type NeededKeys,
  NO_KEYS,
  type TargetKeys,
  viaService,
} from "../../actions/target-keys.ts";

/**
 * The session policy of a family's reader role (PROTOCOL.md §9): the family's reads, on the configured
 * targets, in one region, and a Deny of everything else. Without the Denies a resource policy that names
 * the session `vai-reader` could give it more (IAM user guide, policy evaluation logic).
 *
 * The targets are listed once, to leave room for 1,400 characters of them within the 2,048 that STS
 * takes: the Allow names only their kind, and a Deny takes away what the list does not reach. So it is with the keys
 * of encrypted targets; for which target each may be used, the role's own policy and boundary say.
 * @param opened - ARNs, exact or with a trailing `*`, as the cloud team configured them
 */
export function readerPolicy(
  family: string,
  opened: readonly string[],
  region: string,
  targetKeys: TargetKeys = NO_KEYS,
): object {
  const targets = readableTargets(family, opened);
  const { onTargets, onHolders, anywhere } = readerActions(family);
  // No ARN is both of a target and of what holds one, so one list bounds the reads of both.
  const bounded = targets.length === 0 ? [] : [...onTargets, ...onHolders];
  const within = [...targets, ...readerHolders(family, targets)];
  const reads = [...bounded, ...anywhere];
  if (reads.length === 0) return document([deny({ Action: "*", Resource: "*" })]);
  const keys = readerKeys(family, targets, targetKeys);
  const elsewhere = { StringNotEquals: { "aws:RequestedRegion": region } };
  return document([
    ...(bounded.length === 0 ? [] : [allow(bounded, kindsOf(targets))]),
    ...(anywhere.length === 0 ? [] : [allow(anywhere, "*")]),
    ...keys.map((each) => allow(each.actions, kindsOf(each.keys))),
    deny({ NotAction: [...reads, ...keys.flatMap(({ actions }) => actions)], Resource: "*" }),
    ...keys.flatMap((each) => noOtherUse(each, region)),
    ...(bounded.length === 0 ? [] : [deny({ Action: bounded, NotResource: within })]),
    deny({ Action: "*", Resource: "*", Condition: elsewhere }),
  ]);
}

/** Of other keys, or by a call that the family's service did not make. */
const noOtherUse = ({ service, actions, keys }: NeededKeys, region: string): object[] => [
  deny({ Action: actions, NotResource: keys }),
  deny({
    ...{ Action: actions, Resource: "*" },
    Condition: { StringNotEquals: { "kms:ViaService": viaService(service, region) } },
  }),
];

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
