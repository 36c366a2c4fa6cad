import * as z from "zod";
import { parsePlaneId } from "../config.ts";
import { present } from "../encoding/present.ts";

/** Outputs of the plane's stack, as `cdk deploy --outputs-file` writes them below the stack's name. */
const stack = z.object({
  Plane: z.string(),
  IssueFunction: z.string(),
  IssueUrl: z.string().optional(),
  ExecuteFunction: z.string(),
  ExecuteUrl: z.string().optional(),
  // A stack of an older version has none; the schema of outputs.json says then what is missing.
  DelegateFunction: z.string().optional(),
  DelegateUrl: z.string().optional(),
  GovernFunction: z.string(),
  RevokeFunction: z.string().optional(),
  SweepFunction: z.string().optional(),
  EvidenceTable: z.string(),
  StateTable: z.string(),
  RegistryTable: z.string(),
  BreakGlassBucket: z.string().optional(),
  EvidenceKeyId: z.string(),
  PlaneKeyId: z.string(),
  Anchor: z.string().optional(),
  AnchorKeys: z.string().optional(),
  Retain: z.enum(["true", "false"]).optional(),
  RegionalNames: z.enum(["true", "false"]).optional(),
  AgentPolicy: z.string().optional(),
});
type Stack = z.infer<typeof stack>;

/**
 * A file of `cdk deploy --outputs-file` in the form of `outputs.json` (PROTOCOL.md §7); anything else as it is. A file
 * with several stacks is read for the one that is a trust plane.
 */
export function fromCdkOutputs(value: unknown): unknown {
  const stacks = typeof value === "object" && value !== null ? Object.values(value) : [];
  const found = stacks.map((each) => stack.safeParse(each).data).find((each) => each !== undefined);
  const place = found && parsePlaneId(found.Plane);
  if (found === undefined || place === undefined) return value;
  return {
    region: place.region,
    account: place.account,
    plane: found.Plane,
    functions: {
      issue: found.IssueFunction,
      execute: found.ExecuteFunction,
      govern: found.GovernFunction,
      ...present({ delegate: found.DelegateFunction }),
      ...present({ revoke: found.RevokeFunction, sweep: found.SweepFunction }),
    },
    ...present({ functionUrls: urlsOf(found), partition: partitionOf(found) }),
    tables: {
      evidence: found.EvidenceTable,
      state: found.StateTable,
      registry: found.RegistryTable,
    },
    ...(found.BreakGlassBucket !== undefined && {
      buckets: { breakGlass: found.BreakGlassBucket },
    }),
    evidenceKeyId: found.EvidenceKeyId,
    planeKeyId: found.PlaneKeyId,
    anchor: found.Anchor || undefined,
    anchorKeys: parsed(found.AnchorKeys),
    ...(found.Retain !== undefined && { retain: found.Retain === "true" }),
    ...(found.RegionalNames === "true" && { regionalNames: true }),
  };
}

/** None where the deployment has no Function URLs. */
const urlsOf = ({
  IssueUrl: issue,
  ExecuteUrl: execute,
  DelegateUrl: delegate,
}: Stack): object | undefined =>
  issue === undefined || execute === undefined
    ? undefined
    : { issue, execute, ...present({ delegate }) };

/** An ARN says it; a region's name does not. */
const partitionOf = ({ AgentPolicy }: Stack): string | undefined => AgentPolicy?.split(":")[1];

/** Text that is no JSON stays text, for the schema to name. */
function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}
