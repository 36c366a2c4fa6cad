import { type Broken, put, shown, tableOf, withoutStatement, withStatement } from "./break.ts";
import { DEPLOYMENT, roleArn } from "./healthy.ts";

export const BROKEN_TABLES: readonly Broken[] = [
  {
    name: "a table that is not there",
    change: (world) => void delete world.tables[DEPLOYMENT.tables.state],
    ...{ subject: /vai-test-state/, text: /no such table/ },
  },
  {
    name: "another table under the plane's name",
    change: (world) => put(shown(tableOf(world, "registry").setting), { keys: ["id"] }),
    ...{ subject: /vai-test-registry/, text: /keys are id/ },
  },
  {
    name: "evidence without point-in-time recovery",
    change: (world) =>
      put(tableOf(world, "evidence"), { recovery: { status: "seen", value: false } }),
    ...{ subject: /vai-test-evidence/, text: /recovery is off/ },
  },
  {
    name: "evidence without a stream",
    change: (world) => put(shown(tableOf(world, "evidence").setting), { stream: "" }),
    ...{ subject: /vai-test-evidence/, text: /no stream/ },
  },
  {
    name: "evidence that expires",
    change: (world) => put(tableOf(world, "evidence"), { expiry: { status: "seen", value: "at" } }),
    ...{ subject: /vai-test-evidence/, text: /deleted silently/ },
  },
  {
    name: "evidence without a resource policy",
    change: (world) => put(tableOf(world, "evidence"), { policy: { status: "absent" } }),
    ...{ subject: /vai-test-evidence/, text: /no resource policy/ },
  },
  ...(["state", "registry"] as const).flatMap((use): readonly Broken[] => [
    {
      name: `${use} without a resource policy`,
      change: (world) => put(tableOf(world, use), { policy: { status: "absent" } }),
      ...{ subject: new RegExp(`vai-test-${use}`), text: /no resource policy/ },
    },
    {
      name: `a policy of ${use} that lets everybody write`,
      change: (world) => withoutStatement(shown(tableOf(world, use).policy), "OnlyThePlaneWrites"),
      ...{ subject: new RegExp(`vai-test-${use}`), text: /does not stop .*UpdateItem.*PutItem/ },
    },
    {
      name: `a policy of ${use} that stops the functions`,
      change: (world) =>
        withStatement(shown(tableOf(world, use).policy), "OnlyThePlaneWrites", { Condition: {} }),
      ...{ subject: new RegExp(`vai-test-${use}`), text: /stops .*sweep from writing/ },
    },
  ]),
  {
    name: "a table policy without a Deny of batch writes",
    change: (world) =>
      withStatement(shown(tableOf(world, "evidence").policy), "RecordsNeverChange", {
        Action: ["dynamodb:UpdateItem", "dynamodb:DeleteItem"],
      }),
    ...{ subject: /vai-test-evidence/, text: /does not stop .*BatchWriteItem.*PartiQLDelete/ },
  },
  {
    name: "a table policy that excepts an administrator",
    change: (world) =>
      withStatement(shown(tableOf(world, "evidence").policy), "RecordsNeverChange", {
        Condition: { ArnNotLike: { "aws:PrincipalArn": roleArn("Administrator") } },
      }),
    ...{ subject: /vai-test-evidence/, text: /does not stop an administrator from .*DeleteItem/ },
  },
  {
    name: "a table policy that stops a function",
    change: (world) =>
      withStatement(shown(tableOf(world, "evidence").policy), "OnlyThePlaneAppends", {
        Condition: { ArnNotEquals: { "aws:PrincipalArn": roleArn("vai-test-issue") } },
      }),
    ...{
      subject: /vai-test-evidence/,
      text: /stops execute, delegate, govern, revoke, sweep from writing/,
    },
  },
  {
    name: "a table policy that cannot be judged",
    change: (world) => put(shown<object>(tableOf(world, "evidence").policy), { Rule: {} }),
    ...{ subject: /vai-test-evidence/, text: /cannot be judged/ },
  },
];
