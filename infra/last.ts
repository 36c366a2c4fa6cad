import { CfnResource, type Stack } from "aws-cdk-lib";
import type { IConstruct } from "constructs";

/**
 * Makes `last`, one after the other, wait for everything else in the stack but what needs them.
 *
 * A table that protects itself against deletion cannot be taken back: DynamoDB refuses CloudFormation's rollback as it
 * refuses anybody (Amazon DynamoDB developer guide, "Using deletion protection"). So a first deployment that fails, of
 * reserved concurrency that a new account does not have for example, must fail before there is a table; and of the tables
 * themselves, a cause that all share (a policy that DynamoDB refuses) must stop the first, with no other under way.
 *
 * @param needing the constructs that cannot be without them; a test lists their resources, each with its reason
 */
export function createLast(
  stack: Stack,
  last: readonly IConstruct[],
  needing: readonly IConstruct[],
): void {
  const chain = last.flatMap(resourcesOf);
  const free = new Set([...chain, ...needing.flatMap(resourcesOf)]);
  const before = resourcesOf(stack).filter((resource) => !free.has(resource));
  for (const [index, resource] of chain.entries()) {
    const earlier = chain[index - 1];
    for (const each of earlier === undefined ? before : [earlier])
      resource.addResourceDependency(each);
  }
}

const resourcesOf = (construct: IConstruct): CfnResource[] =>
  construct.node.findAll().filter((child) => CfnResource.isCfnResource(child));
