import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Ground, NamedKind } from "../../lib/aws/inspect/ground.ts";
import type { Seen } from "../../lib/aws/inspect/look.ts";
import type { Finding } from "../../lib/doctor/finding.ts";
import { preflight } from "../../lib/doctor/preflight/preflight.ts";
import type { Synthesised } from "../../lib/doctor/preflight/wanted.ts";
import { EXAMPLE, templateOf } from "../infra/support/synthesise.ts";

const ACCOUNT = "111122223333";
const REGION = "us-east-1";
/** A reference as the CDK's manifest has it. */
const ref = (name: string): string => `\${AWS::${name}}`;
const CDK = `arn:${ref("Partition")}:iam::${ref("AccountId")}:role/cdk-`;

const seen = <T>(value: T): Seen<T> => ({ status: "seen", value });
const ABSENT = { status: "absent" } as const;

const SYNTHESISED: Synthesised = {
  stackName: "vai-example",
  account: ACCOUNT,
  template: templateOf(EXAMPLE).toJSON(),
  deployRole: `${CDK}deploy-role-${ref("Region")}`,
  executionRole: `${CDK}cfn-exec-role`,
  bootstrap: { parameter: "/cdk-bootstrap/x/version", version: 6 },
};

/** An account in which everything is ready and nothing is there but the CDK's roles. */
const READY: Ground = {
  region: REGION,
  caller: async () => ({
    ...{ arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Platform/me`, account: ACCOUNT },
    awsTime: undefined,
  }),
  concurrency: async () => seen({ all: 1000, unreserved: 1000 }),
  parameter: async () => seen("21"),
  stack: async () => ABSENT,
  named: async (kind, name) =>
    kind === "role" && /^(cdk-|Platform)/.test(name)
      ? seen(`arn:aws:iam::${ACCOUNT}:role/people/${name}`)
      : ABSENT,
  denied: async () => seen([]),
};

const looked = (change: Partial<Ground> = {}, synthesised: Partial<Synthesised> = {}) =>
  preflight({ ...SYNTHESISED, ...synthesised }, { ...READY, ...change });
const said = (findings: readonly Finding[], wanted: Finding["status"]): string =>
  findings
    .filter(({ status }) => status === wanted)
    .map(({ subject, text, next }) => `${subject}: ${text} → ${next}`)
    .join("\n");

const stackOf = (status: string, ...physicalIds: string[]) =>
  seen({
    ...{ id: "arn:aws:cloudformation:…", status, template: "{}" },
    resources: physicalIds.map((physicalId) => ({ logicalId: physicalId, physicalId })),
  });
const taken =
  (kind: NamedKind, name: string): Ground["named"] =>
  async (asked, of) =>
    asked === kind && of.endsWith(name) ? seen(`arn:…${name}`) : READY.named(asked, of);

interface Unready {
  readonly what: string;
  readonly change: Partial<Ground>;
  readonly told: RegExp;
}

const UNREADY: readonly Unready[] = [
  {
    what: "a new account's quota",
    change: { concurrency: async () => seen({ all: 10, unreserved: 10 }) },
    told: /executions: 120 are to be reserved and 100 must stay .* of 10 .* → raise the quota to 220 or more/,
  },
  {
    what: "a quota that others have reserved",
    change: { concurrency: async () => seen({ all: 1000, unreserved: 209 }) },
    told: /209 are free → raise the quota to 1011 or more/,
  },
  {
    what: "a table that an earlier deployment left",
    change: { named: taken("table", "vai-example-evidence") },
    told: /^table vai-example-evidence: is there already, .* → take another \/name; or/m,
  },
  {
    what: "a function of somebody else",
    change: { named: taken("function", "vai-example-issue") },
    told: /^function vai-example-issue: is there already/m,
  },
  {
    what: "a role of another stack",
    change: { named: taken("role", "vai-example-issue") },
    told: /^role vai-example-issue: is there already/m,
  },
  {
    what: "a managed policy",
    change: { named: taken("managed policy", ":policy/vai-example-agent") },
    told: /^managed policy vai-example-agent: is there already/m,
  },
  {
    what: "a key's alias",
    change: { named: taken("key alias", "alias/vai-example-evidence") },
    told: /^key alias alias\/vai-example-evidence: is there already/m,
  },
  {
    what: "another region than the targets'",
    change: { region: "eu-west-1" },
    told: /^region: the stack would go to eu-west-1, the targets are in us-east-1.* → export AWS_REGION=us-east-1/m,
  },
  {
    what: "no bootstrap",
    change: { parameter: async () => ABSENT },
    told: /^CDK bootstrap: there is no \/cdk-bootstrap\/x\/version.* → npx cdk bootstrap aws:\/\/111122223333\/us-east-1/m,
  },
  {
    what: "an old bootstrap",
    change: { parameter: async () => seen("5") },
    told: /^CDK bootstrap: is of version 5, at least 6 is needed/m,
  },
  {
    what: "a first deployment that failed",
    change: { stack: async () => stackOf("ROLLBACK_COMPLETE") },
    told: /^stack vai-example: is ROLLBACK_COMPLETE: it cannot .* → delete it \(aws cloudformation delete-stack/m,
  },
  {
    what: "a deployment that runs",
    change: { stack: async () => stackOf("CREATE_IN_PROGRESS") },
    told: /^stack vai-example: is CREATE_IN_PROGRESS → wait/m,
  },
  {
    what: "somebody who may not become the CDK's role",
    change: {
      denied: async (who, actions, resource) =>
        seen(
          who.endsWith("people/Platform") &&
            resource === `arn:aws:iam::${ACCOUNT}:role/cdk-deploy-role-${REGION}`
            ? actions
            : [],
        ),
    },
    told: /^your permissions: do not allow sts:AssumeRole →/m,
  },
  {
    what: "a role of CloudFormation that may not make a table",
    change: {
      denied: async (who, actions, resource) =>
        seen(
          who.endsWith("people/cdk-cfn-exec-role") &&
            resource === `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/vai-example-x`
            ? actions.filter((action) => action === "dynamodb:PutResourcePolicy")
            : [],
        ),
    },
    told: /^CloudFormation's role: do not allow dynamodb:PutResourcePolicy → .*bootstrap/m,
  },
  {
    what: "no role of CloudFormation",
    change: {
      named: async (kind, name) =>
        name.endsWith("cfn-exec-role") ? ABSENT : READY.named(kind, name),
    },
    told: /^CloudFormation's role: there is no such role/m,
  },
];

suite("vai doctor --preflight", () => {
  test("USR-12 an account that is ready has no problem, and each part is said", async () => {
    const findings = await looked();
    assert.deepEqual(
      findings.map(({ status, subject }) => [status, subject]),
      [
        ["ok", "region"],
        ["ok", "stack vai-example"],
        ["ok", "concurrent executions"],
        ["ok", "names"],
        ["ok", "CDK bootstrap"],
        ["ok", "your permissions"],
        ["ok", "CloudFormation's role"],
      ],
    );
  });

  for (const { what, change, told } of UNREADY) {
    test(`USR-12 ${what} is found before anything is created, with what to do`, async () => {
      const findings = await looked(change);
      assert.match(said(findings, "problem"), told);
      assert.equal(findings.filter(({ status }) => status === "problem").length, 1);
    });
  }

  test("USR-12 what an update has already is neither taken nor reserved again", async () => {
    const own = ["issue", "execute", "delegate", "govern", "revoke", "revoke-events", "sweep"].map(
      (name) => `vai-example-${name}`,
    );
    const findings = await looked({
      stack: async () => stackOf("UPDATE_COMPLETE", ...own),
      named: async (kind, name) =>
        own.includes(name) ? seen(`arn:…${name}`) : READY.named(kind, name),
      concurrency: async () => seen({ all: 210, unreserved: 100 }),
    });
    assert.equal(said(findings, "problem"), "");
    assert.match(said(findings, "ok"), /executions: nothing more is to be reserved/);
  });

  test("USR-12 just enough is enough: a hundred stay", async () => {
    const enough = await looked({ concurrency: async () => seen({ all: 220, unreserved: 220 }) });
    assert.equal(said(enough, "problem"), "");
  });

  test("USR-12 credentials of another account end it with one answer", async () => {
    const findings = await looked({}, { account: "444455556666" });
    assert.match(
      said(findings, "problem"),
      /^account: .* of account 111122223333, .* bound to 4444/,
    );
    assert.equal(findings.length, 1);
  });

  test("USR-12 what could not be looked at is told, and is not called ready", async () => {
    const unseen = async (): Promise<Seen<never>> => ({ status: "unseen", why: "you lack X" });
    const asked: readonly (readonly [keyof Ground, RegExp])[] = [
      ["concurrency", /^concurrent executions: you lack X/m],
      ["named", /^names: you lack X/m],
      ["parameter", /^CDK bootstrap: you lack X/m],
      ["stack", /^stack vai-example: you lack X/m],
      ["denied", /^your permissions: you lack X/m],
    ];
    for (const [read, told] of asked) {
      const findings = await looked({ [read]: unseen });
      assert.match(said(findings, "unseen"), told);
      assert.equal(said(findings, "problem"), "");
    }
    const root = await looked({
      caller: async () => ({
        ...{ arn: `arn:aws:iam::${ACCOUNT}:root`, account: ACCOUNT, awsTime: undefined },
      }),
    });
    assert.match(said(root, "unseen"), /^your permissions: the root user cannot be simulated/m);
  });
});
