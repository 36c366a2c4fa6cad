/** The parts of an ARN; region and account are empty where a service leaves them out (S3, IAM). */
export interface Arn {
  readonly partition: string;
  readonly service: string;
  readonly region: string;
  readonly account: string;
  readonly resource: string;
}

/** Reads an ARN; `undefined` when the text is not one. */
export function parseArn(text: string): Arn | undefined {
  const [head, partition = "", service = "", region = "", account = "", ...rest] = text.split(":");
  const resource = rest.join(":");
  if (head !== "arn" || partition === "" || service === "" || resource === "") return undefined;
  return { partition, service, region, account, resource };
}

/**
 * Where a contract lives: every ARN agrees with all three wherever ARNs carry them (PROTOCOL.md §2).
 */
export interface ContractPlace {
  readonly partition?: string | undefined;
  readonly account: string;
  readonly region: string;
}

/** The first part in which an ARN lies elsewhere than the contract; `undefined` when it agrees. */
export function disagreement(
  arn: Arn,
  place: ContractPlace,
): "partition" | "region" | "account" | undefined {
  if (arn.partition !== (place.partition ?? "aws")) return "partition";
  if (arn.region !== "" && arn.region !== place.region) return "region";
  if (arn.account !== "" && arn.account !== place.account) return "account";
  return undefined;
}
