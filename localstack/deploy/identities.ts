import {
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  EntityAlreadyExistsException,
  type IAMClient,
  ListAccessKeysCommand,
} from "@aws-sdk/client-iam";
import type { AwsCredentials } from "../machine/start-processes.ts";

/** AWS's own policy for who may do everything. */
export const ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess";

/**
 * Makes an IAM user with one managed policy and a new access key.
 *
 * The deployer is made with the emulator's root key and administrator rights, as a cloud team's
 * role has them; agent, operator and auditor are made by the deployer with the policies that the stack ships
 * for them, so that what these permit is what runs here.
 *
 * @param policyArn the one policy that the user has
 */
export async function makeIdentity(
  iam: IAMClient,
  name: string,
  policyArn: string,
): Promise<AwsCredentials> {
  await makeUser(iam, name);
  await iam.send(new AttachUserPolicyCommand({ UserName: name, PolicyArn: policyArn }));
  return makeAccessKey(iam, name);
}

async function makeUser(iam: IAMClient, UserName: string): Promise<void> {
  try {
    await iam.send(new CreateUserCommand({ UserName }));
  } catch (error) {
    // An endpoint that somebody else started may have the user from an earlier run.
    if (!(error instanceof EntityAlreadyExistsException)) throw error;
  }
}

/** A new key; older ones of the user end, so that what an earlier run left behind opens nothing. */
async function makeAccessKey(iam: IAMClient, UserName: string): Promise<AwsCredentials> {
  const listed = await iam.send(new ListAccessKeysCommand({ UserName }));
  for (const { AccessKeyId } of listed.AccessKeyMetadata ?? []) {
    await iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId }));
  }
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  if (!AccessKey?.AccessKeyId || !AccessKey.SecretAccessKey) {
    throw new Error(`IAM made no access key for ${UserName}`);
  }
  return { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey };
}
