import {
  type CloudFormationClient,
  DescribeStacksCommand,
  GetTemplateCommand,
  ListStackResourcesCommand,
  type StackResourceSummary,
} from "@aws-sdk/client-cloudformation";
import { present } from "../../encoding/present.ts";
import { look, type Seen, whenRead } from "./look.ts";

/** What CloudFormation knows of a deployed stack. */
export interface StackFacts {
  /** ARN of the stack: partition, region and account of what is in it. */
  readonly id: string;
  /** `CREATE_COMPLETE`, … */
  readonly status: string;
  /** The template as it was handed in, as text. */
  readonly template: string;
  readonly resources: readonly StackResource[];
}

interface StackResource {
  readonly logicalId: string;
  /** A name, an id or an ARN, by type. */
  readonly physicalId: string;
}

/** The template in force and what its resources became; absent when there is no such stack. */
export async function readStack(
  client: CloudFormationClient,
  StackName: string,
): Promise<Seen<StackFacts>> {
  const stack = await look(
    "cloudformation:DescribeStacks",
    async () => {
      const { Stacks } = await client.send(new DescribeStacksCommand({ StackName }));
      return Stacks?.[0];
    },
    isNoStack,
  );
  return whenRead(stack, async ({ StackId = "", StackStatus = "" }) => {
    const [template, resources] = await Promise.all([
      look("cloudformation:GetTemplate", async () => {
        const command = new GetTemplateCommand({ StackName, TemplateStage: "Original" });
        return (await client.send(command)).TemplateBody;
      }),
      look("cloudformation:ListStackResources", () => allResources(client, StackName)),
    ]);
    return whenRead(template, (text) =>
      whenRead(resources, async (all) => ({
        status: "seen",
        value: { id: StackId, status: StackStatus, template: text, resources: all },
      })),
    );
  });
}

/** CloudFormation has no error name of its own for it (API reference, DescribeStacks). */
const isNoStack = (error: unknown): boolean =>
  error instanceof Error &&
  error.name === "ValidationError" &&
  /does not exist/.test(error.message);

/** Page by page: `DescribeStackResources` stops at a hundred. */
async function allResources(
  client: CloudFormationClient,
  StackName: string,
): Promise<StackResource[]> {
  const found: StackResource[] = [];
  let NextToken: string | undefined;
  do {
    const page = await client.send(
      new ListStackResourcesCommand({ StackName, ...present({ NextToken }) }),
    );
    found.push(...(page.StackResourceSummaries ?? []).map(resourceOf));
    NextToken = page.NextToken || undefined;
  } while (NextToken !== undefined);
  return found;
}

const resourceOf = (summary: StackResourceSummary): StackResource => ({
  logicalId: summary.LogicalResourceId ?? "",
  physicalId: summary.PhysicalResourceId ?? "",
});
