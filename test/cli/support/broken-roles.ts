import {
  addStatement,
  type Broken,
  execution,
  put,
  ROOT,
  reader,
  STRANGER,
  shown,
  withStatement,
} from "./break.ts";
import { roleArn } from "./healthy.ts";

export const BROKEN_ROLES: readonly Broken[] = [
  {
    name: "a role that is not there",
    change: (world) => void delete world.roles[roleArn("read-lambda")],
    ...{ subject: /read-lambda/, text: /there is no such role/ },
  },
  {
    name: "an execution role without boundary",
    change: (world) => put(execution(world), { boundary: { status: "absent" } }),
    ...{ subject: /exec-lambda/, text: /no permissions boundary/ },
  },
  {
    name: "a boundary that does not deny the plane's own tables",
    change: (world) =>
      withStatement(shown(reader(world).boundary), "NotThePlane", {
        Resource: "arn:aws:lambda:*:000000000000:function:vai-test-*",
      }),
    ...{ subject: /read-lambda/, text: /does not deny dynamodb:PutItem on .*vai-test-evidence/ },
  },
  {
    name: "a boundary that lets sessions become somebody else",
    change: (world) =>
      withStatement(shown(execution(world).boundary), "NothingElse", {
        NotAction: ["lambda:UpdateAlias", "sts:*"],
      }),
    ...{ subject: /exec-lambda/, text: /does not deny sts:AssumeRole/ },
  },
  {
    name: "a boundary that lets probes do more than to ask",
    change: (world) =>
      withStatement(shown(execution(world).boundary), "NeverMoreAsAProbe", {
        NotAction: ["lambda:UpdateAlias", "sts:GetScopedCredentials"],
      }),
    ...{ subject: /exec-lambda/, text: /lets probes do lambda:UpdateAlias/ },
  },
  {
    name: "a boundary that lets others than tagged sessions be cut",
    change: (world) =>
      withStatement(shown(execution(world).boundary), "Ceiling2", { Condition: {} }),
    ...{ subject: /exec-lambda/, text: /allows sts:GetScopedCredentials without vai-identity/ },
  },
  {
    name: "a reader's boundary that lets a session be cut",
    change: (world) =>
      withStatement(shown(reader(world).boundary), "Never", {
        Action: ["iam:*", "kms:*", "organizations:*", "sts:A*"],
      }),
    ...{ subject: /read-lambda/, text: /does not deny sts:GetScopedCredentials/ },
  },
  {
    name: "a boundary from before sessions were cut, when only probes asked",
    change: (world) =>
      withStatement(shown(execution(world).boundary), "Ceiling2", {
        Condition: { StringEquals: { "aws:PrincipalTag/vai-probe": "true" } },
      }),
    ...{
      subject: /exec-lambda/,
      text: /keeps sessions from sts:GetScopedCredentials: .*nothing is delivered/,
    },
  },
  {
    name: "a boundary from before there were probes",
    change: (world) =>
      withStatement(shown(execution(world).boundary), "Never", {
        Action: ["iam:*", "kms:*", "organizations:*", "sts:*"],
      }),
    ...{ subject: /exec-lambda/, text: /keeps probes from sts:GetScopedCredentials/ },
  },
  {
    name: "an execution role that the account may assume",
    change: (world) =>
      addStatement(shown(execution(world).trust), {
        ...{ Effect: "Allow", Principal: ROOT, Action: "sts:AssumeRole" },
      }),
    ...{ subject: /exec-lambda/, text: /lets others in: .*root/ },
  },
  {
    name: "an execution role that one more person may assume under the same conditions",
    change: (world) =>
      withStatement(shown(execution(world).trust), "AsAnIdentity", {
        Principal: { AWS: [roleArn("vai-test-issue"), roleArn("vai-test-execute"), STRANGER.AWS] },
      }),
    ...{ subject: /exec-lambda/, text: /lets others in: .*mallory/ },
  },
  {
    name: "an execution role that a service may assume",
    change: (world) =>
      addStatement(shown(execution(world).trust), {
        ...{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" } },
        Action: "sts:AssumeRole",
      }),
    ...{ subject: /exec-lambda/, text: /lets others in: ec2\.amazonaws\.com/ },
  },
  {
    name: "an execution role that does not demand the tag",
    change: (world) =>
      withStatement(shown(execution(world).trust), "AsAnIdentity", {
        Condition: {
          StringLike: { "sts:RoleSessionName": "vai-*", "sts:SourceIdentity": "vai-*" },
        },
      }),
    ...{ subject: /exec-lambda/, text: /allows a session without the tag/ },
  },
  {
    name: "an execution role that those who act can assume as a probe",
    change: (world) =>
      withStatement(shown(execution(world).trust), "AsAnIdentity", {
        Condition: {
          StringLike: {
            "sts:RoleSessionName": "vai-*",
            "sts:SourceIdentity": "vai-*",
            "aws:RequestTag/vai-identity": "vai-*",
          },
        },
      }),
    ...{ subject: /exec-lambda/, text: /allows a session that acts with the tag vai-probe/ },
  },
  {
    name: "an execution role that revoke and sweep can act with",
    change: (world) =>
      withStatement(shown(execution(world).trust), "AsAProbe", {
        Condition: { StringLike: { "aws:RequestTag/vai-identity": "vai-*" } },
      }),
    ...{
      subject: /exec-lambda/,
      text: /revoke or sweep a session that acts, a probe with another/,
    },
  },
  {
    name: "an execution role from before there were probes",
    change: (world) =>
      withStatement(shown(execution(world).trust), "AsAProbe", {
        Principal: { AWS: roleArn("vai-test-revoke") },
      }),
    ...{ subject: /exec-lambda/, text: /refuses .*vai-test-sweep: nobody sees whether IAM denies/ },
  },
  {
    name: "an execution role whose Allow does not leave probes out",
    change: (world) =>
      withStatement(execution(world).policies[0]?.document ?? {}, "Ceiling1", {
        Condition: { StringLike: { "aws:PrincipalTag/vai-identity": "vai-*" } },
      }),
    ...{ subject: /exec-lambda/, text: /vai-probe more than to ask: ceiling \(Ceiling1\)/ },
  },
  {
    name: "an execution role that allows probes nothing",
    change: (world) =>
      withStatement(execution(world).policies[0]?.document ?? {}, "Ceiling2", { Effect: "Deny" }),
    ...{
      subject: /exec-lambda/,
      text: /does not allow sessions and probes sts:GetScopedCredentials/,
    },
  },
  {
    name: "an execution role that allows everybody what probes ask",
    change: (world) =>
      withStatement(execution(world).policies[0]?.document ?? {}, "Ceiling2", { Condition: {} }),
    ...{ subject: /exec-lambda/, text: /without the tag vai-identity: ceiling \(Ceiling2\)/ },
  },
  {
    name: "an execution role that demands neither name nor source identity",
    change: (world) =>
      withStatement(shown(execution(world).trust), "AsAnIdentity", {
        Condition: { StringLike: { "aws:RequestTag/vai-identity": "vai-*" } },
      }),
    ...{ subject: /exec-lambda/, text: /with another name, a session without source identity/ },
  },
  {
    name: "an execution role that takes further tags",
    change: (world) =>
      withStatement(shown(execution(world).trust), "TheseTagsOnly", { Condition: {} }),
    ...{ subject: /exec-lambda/, text: /further tags/ },
  },
  {
    name: "an execution role that refuses execute",
    change: (world) =>
      withStatement(shown(execution(world).trust), "AsAnIdentity", {
        Principal: { AWS: roleArn("vai-test-issue") },
      }),
    ...{ subject: /exec-lambda/, text: /refuses .*vai-test-execute/ },
  },
  {
    name: "an execution role whose Allow does not ask for the tag",
    change: (world) =>
      withStatement(execution(world).policies[0]?.document ?? {}, "Ceiling1", { Condition: {} }),
    ...{ subject: /exec-lambda/, text: /without the tag vai-identity: ceiling \(Ceiling1\)/ },
  },
  {
    name: "an execution role that asks for the tag only if there is one",
    change: (world) =>
      withStatement(execution(world).policies[0]?.document ?? {}, "Ceiling1", {
        Condition: { StringLikeIfExists: { "aws:PrincipalTag/vai-identity": "vai-*" } },
      }),
    ...{ subject: /exec-lambda/, text: /without the tag/ },
  },
  {
    name: "an execution role that asks for any tag value",
    change: (world) =>
      withStatement(execution(world).policies[0]?.document ?? {}, "Ceiling1", {
        Condition: { StringLike: { "aws:PrincipalTag/vai-identity": "*" } },
      }),
    ...{ subject: /exec-lambda/, text: /without the tag/ },
  },
  {
    name: "an execution role with an attached policy besides its ceiling",
    change: (world) =>
      void execution(world).policies.push({
        name: "PowerUserAccess",
        document: {
          Version: "2012-10-17",
          Statement: { Effect: "Allow", NotAction: "iam:*", Resource: "*" },
        },
      }),
    ...{ subject: /exec-lambda/, text: /without the tag vai-identity: PowerUserAccess/ },
  },
  {
    name: "a reader role that can write",
    change: (world) =>
      withStatement(reader(world).policies[0]?.document ?? {}, "Ceiling1", {
        Action: ["dynamodb:GetItem", "dynamodb:PutItem"],
      }),
    ...{ subject: /read-lambda/, text: /more than reading: ceiling/ },
  },
  {
    name: "a reader role with every right of its service",
    change: (world) =>
      withStatement(reader(world).policies[0]?.document ?? {}, "Ceiling1", {
        Action: "dynamodb:*",
      }),
    ...{ subject: /read-lambda/, text: /more than reading/ },
  },
  {
    name: "a reader role whose session may be named and tagged like an identity",
    change: (world) =>
      addStatement(shown(reader(world).trust), {
        ...{ Effect: "Allow", Principal: { AWS: roleArn("vai-test-issue") } },
        Action: ["sts:AssumeRole", "sts:TagSession"],
      }),
    ...{ subject: /read-lambda/, text: /another name than vai-reader, a session with the tag/ },
  },
];
