import { randomBytes } from "node:crypto";
import {
  AddTagsToResourceCommand,
  DeleteParameterCommand,
  DeleteParametersCommand,
  GetParameterCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  LabelParameterVersionCommand,
  PutParameterCommand,
} from "@aws-sdk/client-ssm";
import type { Clients } from "../../../localstack/deploy/clients.ts";
import type { Ending } from "../../support/local/iam.ts";
import type { LocalPlane } from "../../support/local/plane.ts";
import { ABROAD, type Build } from "./wall.ts";

const put = ({ ssm }: Clients, Name: string): Promise<unknown> =>
  ssm.send(new PutParameterCommand({ Name, Value: "101", Overwrite: true, Tier: "Standard" }));

/** A parameter beside the governed one; gone after the test. */
async function temporaryParameter(t: Ending, { deployer }: LocalPlane): Promise<string> {
  const Name = `production-${randomBytes(4).toString("hex")}`;
  await deployer.ssm.send(new PutParameterCommand({ Name, Value: "100", Type: "String" }));
  t.after(() => deployer.ssm.send(new DeleteParameterCommand({ Name })));
  return Name;
}

/** `ssm:PutParameter` of one parameter. */
export const parameterWall: Build = async (t, plane) => {
  const { account, region, samples } = plane.outputs;
  const Name = samples.parameter;
  const production = await temporaryParameter(t, plane);
  const arn = (name: string) => `arn:aws:ssm:${region}:${account}:parameter/${name}`;
  const tagged = { ResourceType: "Parameter", ResourceId: Name } as const;
  t.after(() => put(plane.deployer, Name));
  return {
    scope: { action: "ssm:PutParameter", target: arn(Name) },
    bounded: (as) => put(as, Name),
    beyond: {
      "another action: GetParameter": {
        call: ({ ssm }) => ssm.send(new GetParameterCommand({ Name })),
      },
      "another action: GetParametersByPath": {
        call: ({ ssm }) => ssm.send(new GetParametersByPathCommand({ Path: "/" })),
      },
      "another action: LabelParameterVersion": {
        call: ({ ssm }) => ssm.send(new LabelParameterVersionCommand({ Name, Labels: ["walled"] })),
      },
      "another action: AddTagsToResource": {
        call: ({ ssm }) =>
          ssm.send(new AddTagsToResourceCommand({ ...tagged, Tags: [{ Key: "a", Value: "b" }] })),
      },
      "another action: DeleteParameter": {
        call: ({ ssm }) => ssm.send(new DeleteParameterCommand({ Name: "none" })),
        outcome: "ParameterNotFound",
      },
      "VAI-42 another resource: production": { call: (as) => put(as, production) },
      "another resource: production by its ARN": {
        call: (as) => put(as, arn(production)),
        outcome: "ValidationException",
      },
      "another resource: below the parameter": {
        call: (as) => put(as, `/${Name}/below`),
        outcome: "ValidationException",
      },
      "several resources: GetParameters": {
        call: ({ ssm }) => ssm.send(new GetParametersCommand({ Names: [Name, production] })),
      },
      "several resources: DeleteParameters": {
        call: ({ ssm }) => ssm.send(new DeleteParametersCommand({ Names: ["none", "neither"] })),
      },
      "another region": {
        region: ABROAD,
        call: (as) => put(as, Name),
        outcome: "ValidationException",
      },
    },
  };
};
