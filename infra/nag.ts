import { type App, Stack, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import type { IConstruct } from "constructs";
import { ACKNOWLEDGEMENTS } from "./nag-acknowledgements.ts";

/**
 * Makes synthesis of an app fail on every finding of cdk-nag's rule set AwsSolutions that is not acknowledged. Called
 * when all stacks are there: an acknowledgement belongs to one resource, never to a stack.
 */
export function checkWithNag(app: App): void {
  for (const stack of app.node.children.filter((child) => Stack.isStack(child))) {
    for (const { path, finding, reason } of ACKNOWLEDGEMENTS) {
      const resource = descendant(stack, path);
      if (resource === undefined) continue;
      Validations.of(resource).acknowledge({ id: finding(stack), reason });
    }
  }
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
}

/** The construct under a path of ids; `undefined` in a stack without it. */
const descendant = (from: IConstruct, path: string): IConstruct | undefined =>
  path.split("/").reduce<IConstruct | undefined>((found, id) => found?.node.tryFindChild(id), from);
