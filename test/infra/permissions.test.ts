import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { FUNCTIONS, type FunctionName } from "../../infra/functions.ts";
import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import { templateOf } from "./support/synthesise.ts";
import {
  ACCOUNT,
  functionArn,
  REGION,
  Resolved,
  roleArn,
  type Statement,
  statements,
  tableArn,
} from "./support/template.ts";

const IN_TRANSACTION = {
  "ForAnyValue:StringEquals": { "dynamodb:EnclosingOperation": "TransactWriteItems" },
};
const key = (use: string) => `arn:aws:kms:${REGION}:${ACCOUNT}:key/${use}`;
const families = [...new Set(CATALOGUE.map(({ family }) => family))].sort();
const rolesOf = (kind: "exec" | "read") => families.map((family) => roleArn(`${kind}-${family}`));

const permit = (
  Sid: string,
  Action: string[],
  Resource: string[],
  Condition?: Statement["Condition"],
): Statement => ({ Sid, Effect: "Allow", Action, Resource, ...(Condition && { Condition }) });

const writeOwnLog = (name: string) =>
  permit(
    "WriteOwnLog",
    ["logs:CreateLogStream", "logs:PutLogEvents"],
    [`arn:aws:logs:${REGION}:${ACCOUNT}:log-group:/vai/example/${name}:*`],
  );

const RECORD_KEEPING = [
  permit(
    "ReadWorld",
    ["dynamodb:BatchGetItem"],
    [tableArn("evidence"), tableArn("registry"), tableArn("state")],
  ),
  permit("ReadEvidence", ["dynamodb:Query"], [tableArn("evidence")]),
  permit("AppendEvidence", ["dynamodb:PutItem"], [tableArn("evidence")], IN_TRANSACTION),
  permit("KeepState", ["dynamodb:UpdateItem"], [tableArn("state")]),
  permit("SignEvidence", ["kms:GetPublicKey", "kms:Sign"], [key("evidence")]),
];

const GRANTING = [permit("TakeKeys", ["dynamodb:PutItem"], [tableArn("state")])];

const OBTAIN_SESSIONS = [
  permit(
    "ObtainBoundedSession",
    ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"],
    rolesOf("exec"),
  ),
  permit("ObtainReaderSession", ["sts:AssumeRole"], rolesOf("read")),
];

const CHANGING = [
  permit("ChangeRegistry", ["dynamodb:PutItem"], [tableArn("registry")], IN_TRANSACTION),
  permit("TakeKeys", ["dynamodb:PutItem"], [tableArn("state")], IN_TRANSACTION),
];
const WAKE_SWEEP = permit("WakeSweep", ["lambda:InvokeFunction"], [functionArn("sweep")]);
const ASK_PEOPLE = permit(
  "AskPeople",
  ["events:PutEvents"],
  [`arn:aws:events:${REGION}:${ACCOUNT}:event-bus/default`],
  {
    "ForAllValues:StringEquals": {
      "events:detail-type": "vai-decision-needed",
      "events:source": "vai",
    },
    Null: { "events:detail-type": "false", "events:source": "false" },
  },
);
const BOUNDARIES = families.map(
  (family) => `arn:aws:iam::${ACCOUNT}:policy/vai-example-boundary-${family}`,
);
const DENYING = [
  permit("ReadDenials", ["dynamodb:Query"], [tableArn("state")]),
  permit("FindOpen", ["dynamodb:Query"], [`${tableArn("state")}/index/byDue`]),
  permit("ReadRevocations", ["iam:GetRolePolicy"], rolesOf("exec")),
  permit("WriteRevocations", ["iam:PutRolePolicy"], rolesOf("exec"), {
    StringLike: { "iam:PermissionsBoundary": BOUNDARIES },
  }),
  permit(
    "ObtainProbe",
    ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"],
    rolesOf("exec"),
  ),
];

const BUCKET = `arn:aws:s3:::vai-example-glass-${ACCOUNT}-${REGION}`;
const IF_ABSENT = { Null: { "s3:if-none-match": "false" } };
const EMERGENCIES = [
  permit("ReadEmergencies", ["s3:GetObjectVersion"], [`${BUCKET}/break-glass/*`]),
  permit("FindEmergencies", ["s3:ListBucketVersions"], [BUCKET]),
  permit("SpoolEvidence", ["s3:PutObject"], [`${BUCKET}/break-glass/*/spool/*`], IF_ABSENT),
];
const TAKE_PLACE = permit(
  "TakePlaceOfUse",
  ["s3:PutObject"],
  [`${BUCKET}/break-glass/*/use`],
  IF_ABSENT,
);

/** What people see of uses that wait for their review. */
const REVIEWS = [
  permit("FindReviews", ["s3:ListBucketVersions"], [BUCKET]),
  permit("ReadReviews", ["s3:GetObjectVersion"], [`${BUCKET}/break-glass/*/use`]),
];

/** All that each function may do: one permission more, or one less, is a failure. */
const PERMISSIONS: Readonly<Record<FunctionName, readonly Statement[]>> = {
  issue: [
    ...RECORD_KEEPING,
    ...EMERGENCIES,
    ...GRANTING,
    ...OBTAIN_SESSIONS,
    ASK_PEOPLE,
    TAKE_PLACE,
    permit("SignHandles", ["kms:GetPublicKey", "kms:Sign"], [key("plane")]),
  ],
  execute: [...RECORD_KEEPING, ...GRANTING, ...OBTAIN_SESSIONS],
  delegate: [
    ...RECORD_KEEPING,
    ...EMERGENCIES,
    ...GRANTING,
    permit("SignBlocks", ["kms:GetPublicKey", "kms:Sign"], [key("plane")]),
  ],
  govern: [
    ...RECORD_KEEPING,
    ...EMERGENCIES,
    ...CHANGING,
    permit("FindIssued", ["dynamodb:Query"], [`${tableArn("evidence")}/index/byEventType`]),
    WAKE_SWEEP,
    ASK_PEOPLE,
    permit("KnowPlaneKey", ["kms:GetPublicKey"], [key("plane")]),
  ],
  revoke: [
    ...RECORD_KEEPING,
    ...EMERGENCIES,
    ...CHANGING,
    permit("OweRecords", ["dynamodb:UpdateItem"], [tableArn("registry")], IN_TRANSACTION),
    ...DENYING,
    permit("FindIdentity", ["dynamodb:Query"], [`${tableArn("evidence")}/index/byIdentity`]),
    WAKE_SWEEP,
  ],
  sweep: [
    ...RECORD_KEEPING,
    ...EMERGENCIES,
    ...CHANGING,
    ...DENYING,
    permit("FindIssued", ["dynamodb:Query"], [`${tableArn("evidence")}/index/byEventType`]),
    permit("ObtainReaderSession", ["sts:AssumeRole"], rolesOf("read")),
  ],
};

/** Functions by whose code a role may be used: `revoke` has a second one, for events. */
const functionsOf = (name: FunctionName): string[] =>
  (name === "revoke" ? ["revoke", "revoke-events"] : [name]).map(functionArn);
const oneOrMore = (values: string[]): string | string[] =>
  values.length === 1 ? (values[0] ?? "") : values;

suite("permissions", () => {
  const template = templateOf();
  const resolved = new Resolved(template);

  for (const name of FUNCTIONS) {
    test(`VAI-45 ${name} may do what it does, and nothing else`, () => {
      assert.deepEqual(resolved.roleStatements(`vai-example-${name}`), [
        writeOwnLog(name),
        ...PERMISSIONS[name],
        {
          Sid: "OnlyInThisFunction",
          Effect: "Deny",
          Action: ["dynamodb:*", "events:*", "iam:*", "lambda:*", "s3:*", "sts:*"],
          Resource: ["*"],
          Condition: { ArnNotEquals: { "lambda:SourceFunctionArn": oneOrMore(functionsOf(name)) } },
        },
        {
          Sid: "SignsOnlyInThisFunction",
          Effect: "Deny",
          Action: ["kms:*"],
          Resource: [key("evidence"), key("plane")],
          Condition: { ArnNotEquals: { "lambda:SourceFunctionArn": oneOrMore(functionsOf(name)) } },
        },
      ]);
    });
  }

  test("USR-12 the page for cloud teams names each statement with the functions that have it", () => {
    const page = readFileSync(new URL("../../infra/README.md", import.meta.url), "utf8");
    const table = page.split("| statement | function | may | because |")[1] ?? "";
    const cells = (row: string) => row.split("|").map((cell) => cell.trim());
    const rows = (table.split("\n\n")[0] ?? "").split("\n").slice(2).map(cells);
    const named = (functions: string): readonly string[] => {
      const [kinds = "", without] = functions.split(" but ");
      const all = kinds === "each" || kinds === "all" ? FUNCTIONS : kinds.split(", ");
      return all.filter((name) => name !== without);
    };
    const told = rows.flatMap(([, sids = "", functions = ""]) =>
      [...sids.matchAll(/`(\w+)`/g)].flatMap(([, sid]) =>
        named(functions).map((name) => `${sid} ${name}`),
      ),
    );
    const had = FUNCTIONS.flatMap((name) =>
      resolved.roleStatements(`vai-example-${name}`).map(({ Sid }) => `${Sid} ${name}`),
    );
    // Two that the example does not have: of roles that somebody brings, and of `watch`, which is no function of the plane's.
    const others = /^(WriteRevocationsOfBrought|.* watch$)/;
    assert.deepEqual(told.filter((each) => !others.test(each)).sort(), had.sort());
  });

  test("VAI-45 whatever a function's role may do, it may do in that function alone; its log is Lambda's to write", () => {
    for (const name of FUNCTIONS) {
      const all = resolved.roleStatements(`vai-example-${name}`);
      const services = all
        .filter(({ Effect }) => Effect === "Allow")
        .flatMap(({ Action }) => Action.map((action) => action.split(":")[0]));
      const bound = all
        .filter(({ Effect, Condition }) => Effect === "Deny" && Condition?.["ArnNotEquals"])
        .flatMap(({ Action }) => Action.map((action) => action.replace(":*", "")));
      assert.deepEqual(
        [...new Set(services)].filter((each) => !bound.includes(each ?? "")),
        ["logs"],
      );
    }
  });

  test("VAI-91 no function may update, delete, batch-write or PartiQL the Evidence table", () => {
    for (const name of FUNCTIONS) {
      const onEvidence = resolved
        .roleStatements(`vai-example-${name}`)
        .filter(({ Effect }) => Effect === "Allow")
        .filter(({ Resource }) => Resource.some((arn) => /evidence$|\*$/.test(arn)))
        .flatMap(({ Action }) => Action)
        .filter((action) => action.startsWith("dynamodb:"));
      assert.deepEqual([...new Set(onEvidence)].sort(), [
        "dynamodb:BatchGetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
      ]);
    }
  });

  test("VAI-45 only Lambda runs as the functions' roles", () => {
    for (const name of FUNCTIONS) {
      const { Properties } = resolved.one("AWS::IAM::Role", "RoleName", `vai-example-${name}`);
      assert.deepEqual(statements(Properties["AssumeRolePolicyDocument"]), [
        {
          Effect: "Allow",
          Principal: { Service: "lambda.amazonaws.com" },
          Action: ["sts:AssumeRole"],
          Resource: [],
        },
      ]);
    }
  });

  test("VAI-46 no Allow in the whole stack has a wildcard action, NotAction or NotResource", () => {
    const documents = [
      ...resolved.ofType("AWS::IAM::Policy").map(({ Properties }) => Properties["PolicyDocument"]),
      ...resolved
        .ofType("AWS::IAM::ManagedPolicy")
        .map(({ Properties }) => Properties["PolicyDocument"]),
      // The key that encrypts alarms on their way is administered by IAM, as KMS does by default.
      ...resolved
        .ofType("AWS::KMS::Key")
        .filter(({ Properties }) => Properties["KeyUsage"] === "SIGN_VERIFY")
        .map(({ Properties }) => Properties["KeyPolicy"]),
      ...resolved
        .ofType("AWS::IAM::Role")
        .flatMap(({ Properties }) => [
          Properties["AssumeRolePolicyDocument"],
          ...((Properties["Policies"] ?? []) as { PolicyDocument: unknown }[]).map(
            ({ PolicyDocument }) => PolicyDocument,
          ),
        ]),
    ];
    const allows = documents.flatMap(statements).filter(({ Effect }) => Effect === "Allow");
    assert.ok(allows.length > 20);
    for (const statement of allows) {
      assert.ok(statement.Action.length > 0, JSON.stringify(statement));
      for (const action of statement.Action) assert.doesNotMatch(action, /\*/);
      assert.ok(!Object.keys(statement).some((member) => /^Not/.test(member)));
    }
  });

  test("VAI-15 all that an agent's role needs is to call issue, execute and delegate", () => {
    assert.deepEqual(resolved.managedStatements("vai-example-agent"), [
      permit(
        "CallThePlane",
        ["lambda:InvokeFunction", "lambda:InvokeFunctionUrl"],
        [functionArn("delegate"), functionArn("execute"), functionArn("issue")],
      ),
    ]);
  });

  test("VAI-15 nobody but the plane's two rules is let in by a resource policy of a function; URLs demand IAM", () => {
    const permissions = Object.values(template.findResources("AWS::Lambda::Permission"));
    assert.equal(permissions.length, 2);
    for (const { Properties } of permissions) {
      assert.equal(Properties.Principal, "events.amazonaws.com");
      const [rule] = Properties.SourceArn["Fn::GetAtt"];
      assert.match(rule, /^(Commands|EachMinute)/);
    }
    const urls = resolved.ofType("AWS::Lambda::Url").map(({ Properties }) => Properties);
    assert.deepEqual(
      urls,
      ["issue", "execute", "delegate"].map((name) => ({
        AuthType: "AWS_IAM",
        TargetFunctionArn: functionArn(name),
      })),
    );
  });

  test("VAI-15 all that an operator's role needs is to send commands, and to see what is open, stopped and refused", () => {
    assert.deepEqual(resolved.managedStatements("vai-example-operator"), [
      permit(
        "SendCommands",
        ["lambda:InvokeFunction"],
        [functionArn("govern"), functionArn("revoke")],
      ),
      permit(
        "SeeWhatIsOpen",
        ["dynamodb:Query"],
        [`${tableArn("evidence")}/index/byNegativeDay`, `${tableArn("state")}/index/byDue`],
      ),
      permit(
        "SeeWhatIsStopped",
        ["dynamodb:BatchGetItem"],
        [tableArn("evidence"), tableArn("registry"), tableArn("state")],
      ),
      ...REVIEWS,
    ]);
  });

  test("VAI-15 an auditor's role reads evidence by its keys and the public keys, and scans nothing", () => {
    assert.deepEqual(resolved.managedStatements("vai-example-auditor"), [
      permit("ReadEvidence", ["dynamodb:GetItem", "dynamodb:Query"], [tableArn("evidence")]),
      permit("FindEvidence", ["dynamodb:Query"], [`${tableArn("evidence")}/index/*`]),
      permit("VerifyEvidence", ["kms:GetPublicKey"], [key("evidence"), key("plane")]),
      ...REVIEWS,
    ]);
  });

  test("VAI-15 policies for agents, operators and auditors are attached to nobody", () => {
    for (const { Properties } of resolved.ofType("AWS::IAM::ManagedPolicy")) {
      for (const attachment of ["Roles", "Users", "Groups"]) {
        assert.equal(Properties[attachment], undefined);
      }
    }
  });
});
