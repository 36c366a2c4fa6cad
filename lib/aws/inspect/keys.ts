import {
  DescribeKeyCommand,
  GetKeyPolicyCommand,
  type KMSClient,
  ListGrantsCommand,
} from "@aws-sdk/client-kms";
import { present } from "../../encoding/present.ts";
import { kmsPublicKey } from "../ports/kms-signer.ts";
import { look, type Seen, whenRead } from "./look.ts";

export interface KeySetting {
  readonly arn: string;
  readonly spec: string;
  readonly usage: string;
  /** `Enabled`, `Disabled`, `PendingDeletion`, … */
  readonly state: string;
}

/** A right on a key that stands beside its policy. */
export interface KeyGrant {
  readonly id: string;
  /** Who has it: a principal's ARN, or a service. */
  readonly grantee: string;
  readonly operations: readonly string[];
}

export interface KeyFacts {
  readonly id: string;
  readonly setting: Seen<KeySetting>;
  readonly policy: Seen<string>;
  readonly grants: Seen<readonly KeyGrant[]>;
  /** RFC 7638 thumbprint of the public half. */
  readonly thumbprint: Seen<string>;
  readonly alias: string;
  /** ARN of the key that the alias leads to. */
  readonly aliased: Seen<string>;
}

export async function readKey(client: KMSClient, id: string, alias: string): Promise<KeyFacts> {
  const setting = await look("kms:DescribeKey", async () => {
    const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: id }));
    return {
      arn: KeyMetadata?.Arn ?? "",
      spec: KeyMetadata?.KeySpec ?? "",
      usage: KeyMetadata?.KeyUsage ?? "",
      state: KeyMetadata?.KeyState ?? "",
    };
  });
  const [policy, grants, thumbprint, aliased] = await Promise.all([
    whenRead(setting, () =>
      look("kms:GetKeyPolicy", async () => {
        const command = new GetKeyPolicyCommand({ KeyId: id, PolicyName: "default" });
        return (await client.send(command)).Policy;
      }),
    ),
    whenRead(setting, () => look("kms:ListGrants", () => allGrants(client, id))),
    whenRead(setting, () =>
      look("kms:GetPublicKey", async () => (await kmsPublicKey(client, id)).thumbprint),
    ),
    whenRead(setting, () =>
      look("kms:DescribeKey", async () => {
        const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: alias }));
        return KeyMetadata?.Arn;
      }),
    ),
  ]);
  return { id, setting, policy, grants, thumbprint, alias, aliased };
}

async function allGrants(client: KMSClient, KeyId: string): Promise<KeyGrant[]> {
  const found: KeyGrant[] = [];
  let Marker: string | undefined;
  do {
    const page = await client.send(new ListGrantsCommand({ KeyId, ...present({ Marker }) }));
    found.push(
      ...(page.Grants ?? []).map(({ GrantId = "", GranteePrincipal = "", Operations = [] }) => ({
        ...{ id: GrantId, grantee: GranteePrincipal, operations: Operations },
      })),
    );
    Marker = page.Truncated === true ? page.NextMarker : undefined;
  } while (Marker !== undefined);
  return found;
}
