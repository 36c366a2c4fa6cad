import { Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { type NeededKeys, viaService } from "../lib/actions/target-keys.ts";
import { type Conditions, deny } from "./statements.ts";

/** Uses of keys through one service, in one region. */
export interface KeyException {
  readonly needed: NeededKeys;
  readonly region: string;
}

/**
 * Conditions of the Allow: the service asks, for one of the targets. A grant must be one that a service makes for its
 * own resource (KMS developer guide, `kms:GrantIsForAWSResource`), or it would lend the key to anybody.
 */
export function throughService({ needed, region }: KeyException, also: Conditions): Conditions {
  const { service, actions, context } = needed;
  const forTargets = context === undefined ? {} : { [context.key]: context.values };
  const grants = actions.includes("kms:CreateGrant");
  return {
    ...also,
    StringEquals: { ...also["StringEquals"], "kms:ViaService": viaService(service, region) },
    ...((context !== undefined || also["StringLike"] !== undefined) && {
      StringLike: { ...also["StringLike"], ...forTargets },
    }),
    ...(grants && { Bool: { "kms:GrantIsForAWSResource": "true" } }),
  };
}

/**
 * Every use of KMS but the exception, denied: of other keys, otherwise, by somebody's own call or another service's,
 * for another target. Key policies that AWS writes let everybody in who comes through the service, so what an Allow
 * leaves out would not keep a session away.
 */
export function nothingElseOfKms({ needed, region }: KeyException): PolicyStatement[] {
  const { service, actions, keys, context } = needed;
  const uses = [...actions];
  return [
    new PolicyStatement({
      ...{ sid: "NeverOtherKeys", effect: Effect.DENY },
      ...{ actions: ["kms:*"], notResources: [...keys] },
    }),
    new PolicyStatement({
      ...{ sid: "NeverMoreOfTheseKeys", effect: Effect.DENY },
      ...{ notActions: uses, resources: [...keys] },
    }),
    deny("NeverKeysDirectly", uses, ["*"], {
      StringNotEquals: { "kms:ViaService": viaService(service, region) },
    }),
    ...(context === undefined
      ? []
      : [
          deny("NeverKeysOfOtherTargets", uses, ["*"], {
            StringNotLike: { [context.key]: context.values },
          }),
        ]),
    ...(actions.includes("kms:CreateGrant")
      ? [
          deny("NeverGrantsForOthers", ["kms:CreateGrant"], ["*"], {
            Bool: { "kms:GrantIsForAWSResource": "false" },
          }),
        ]
      : []),
  ];
}
