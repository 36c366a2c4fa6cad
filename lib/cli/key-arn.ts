import { CommandError, EXIT } from "./io.ts";

const KEY = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:key\/[A-Za-z0-9-]+$/;

/** The region of a KMS key, which its ARN names. @throws {CommandError}. */
export function regionOfKey(arn: string): string {
  const region = KEY.exec(arn)?.[1];
  if (region !== undefined) return region;
  throw new CommandError(
    EXIT.unreadable,
    `${arn} is not the ARN of a KMS key: arn:aws:kms:<region>:<account>:key/<id>, not an alias`,
  );
}
