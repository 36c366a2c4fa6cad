import type { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { Bucket } from "aws-cdk-lib/aws-s3";
import { DECISION_NEEDED } from "../lib/aws/ports/ask-people.ts";
import { BREAK_GLASS } from "../lib/lifecycle/break-glass.ts";
import type { FunctionName } from "./functions.ts";
import type { OwnTable } from "./plane.ts";
import type { SigningKey } from "./signing-key.ts";
import { allow, deny, IN_TRANSACTION } from "./statements.ts";

/** What the functions' permissions refer to. */
export interface PlaneResources {
  readonly evidence: OwnTable;
  readonly state: OwnTable;
  readonly registry: OwnTable;
  readonly evidenceKey: SigningKey;
  /** Signs identity handles and chain blocks. */
  readonly planeKey: SigningKey;
  /** Of emergencies. */
  readonly breakGlass: Bucket;
}

/** The roles of which a function obtains sessions, and those that it denies sessions of. */
export interface SessionRoles {
  readonly execution: readonly string[];
  readonly reader: readonly string[];
  /** Execution roles in the plane's account: their inline policy is where IAM is told. */
  readonly revocable: readonly string[];
  /** Those of {@link revocable} of which it is asked whether IAM has heard: none where STS cannot tell. */
  readonly probed: readonly string[];
  /** Reader roles that `sweep` looks by. */
  readonly looking: readonly string[];
  /** Those of {@link revocable} that the stack made, and what bounds them: without one of these their policy is not touched. */
  readonly made: { readonly roles: readonly string[]; readonly boundaries: readonly string[] };
  /** The others of {@link revocable}, and every boundary that they may have. */
  readonly brought: { readonly roles: readonly string[]; readonly boundaries: readonly string[] };
  /** The function that does what is due. */
  readonly sweep: string;
  /** The account's default event bus. */
  readonly defaultBus: string;
}

/**
 * Reading chains and appending signed records, which every function does.
 *
 * Resources are base tables: enforcement reads strongly consistently, which an index cannot do.
 */
const recordKeeping = ({
  evidence,
  state,
  registry,
  evidenceKey,
}: PlaneResources): PolicyStatement[] => [
  // In one batch, because authority hangs on it: whom the plane believes and what is halted, the
  // heads of chains and retry keys, the newest record of the Registry's chain.
  allow(
    "ReadWorld",
    ["dynamodb:BatchGetItem"],
    [registry.tableArn, state.tableArn, evidence.tableArn],
  ),
  // Folding a chain, and finding its last record.
  allow("ReadEvidence", ["dynamodb:Query"], [evidence.tableArn]),
  // A barrier's records, with their chain's head, in one transaction. A put outside one could leave
  // a record without its head. No update, delete, batch or PartiQL.
  allow("AppendEvidence", ["dynamodb:PutItem"], [evidence.tableArn], IN_TRANSACTION),
  // Chain heads move inside the barrier, counters of refusals outside of it. Nothing is deleted:
  // TTL does.
  allow("KeepState", ["dynamodb:UpdateItem"], [state.tableArn]),
  // The key's own policy decides how (digests only); this permission says that this function does.
  // GetPublicKey: the function names the key in a record by its thumbprint.
  allow("SignEvidence", ["kms:Sign", "kms:GetPublicKey"], [evidenceKey.key.keyArn]),
];

/** What a function that grants needs of the plane's tables besides {@link recordKeeping}. */
const granting = ({ state }: PlaneResources): PolicyStatement[] => [
  // Retry keys and contract ids, taken inside the barrier.
  allow("TakeKeys", ["dynamodb:PutItem"], [state.tableArn]),
];

/** Sessions of the execution and reader roles; the functions touch no target themselves. */
const obtainSessions = ({ execution, reader }: SessionRoles): PolicyStatement[] => [
  // The one way to authority. Tag and source identity travel with AssumeRole and need their own
  // permissions.
  allow(
    "ObtainBoundedSession",
    ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
    execution,
  ),
  // Looking at targets before and after a call; such a session carries neither tag nor source
  // identity.
  allow("ObtainReaderSession", ["sts:AssumeRole"], reader),
];

/**
 * Telling people what is asked of them: events of this one kind. Of `vai-command`, which `revoke` is run by, none: a
 * function that grants must not be able to keep the slots of one that ends busy.
 */
const asking = ({ defaultBus }: SessionRoles): PolicyStatement[] => [
  allow("AskPeople", ["events:PutEvents"], [defaultBus], {
    // One call has several events: each is of this kind, and none is without.
    "ForAllValues:StringEquals": {
      "events:detail-type": DECISION_NEEDED.detailType,
      "events:source": DECISION_NEEDED.source,
    },
    Null: { "events:detail-type": "false", "events:source": "false" },
  }),
];

/** Putting an object where none is; the bucket's own policy lets nobody put one otherwise. */
const ifAbsent = (sid: string, { breakGlass }: PlaneResources, keys: string): PolicyStatement =>
  allow(sid, ["s3:PutObject"], [breakGlass.arnForObjects(BREAK_GLASS + keys)], {
    Null: { "s3:if-none-match": "false" },
  });

/** What every function that writes an intent's chain needs where that is of an emergency. */
const emergencies = (resources: PlaneResources): PolicyStatement[] => [
  // Which use stands, and what is spooled behind a chain: in all versions, so that nothing hides it.
  allow(
    "ReadEmergencies",
    ["s3:GetObjectVersion"],
    [resources.breakGlass.arnForObjects(`${BREAK_GLASS}*`)],
  ),
  // S3 knows no prefix as a resource, and the bucket holds nothing else.
  allow("FindEmergencies", ["s3:ListBucketVersions"], [resources.breakGlass.bucketArn]),
  // A transaction is put here before it is stored, so that evidence outlives a store that fails.
  ifAbsent("SpoolEvidence", resources, "*/spool/*"),
];

/** Everything that `issue` may do, besides writing its log. */
const issuePermissions = (resources: PlaneResources, roles: SessionRoles): PolicyStatement[] => [
  ...recordKeeping(resources),
  ...emergencies(resources),
  ...granting(resources),
  ...obtainSessions(roles),
  ...asking(roles),
  // The place of a use under break-glass is taken before anything is issued, and by nobody else.
  ifAbsent("TakePlaceOfUse", resources, "*/use"),
  // Handles are made here and nowhere else.
  allow("SignHandles", ["kms:Sign", "kms:GetPublicKey"], [resources.planeKey.key.keyArn]),
];

/**
 * Everything that `execute` may do, besides writing its log. It makes no handle, it redeems them:
 * whose they are, the trust policy says. An emergency gives no handle and is the only contract of its intent, so that
 * nothing of it is ever written here: the bucket of emergencies is closed to this function.
 */
const executePermissions = (resources: PlaneResources, roles: SessionRoles): PolicyStatement[] => [
  ...recordKeeping(resources),
  ...granting(resources),
  ...obtainSessions(roles),
];

/**
 * Everything that `delegate` may do, besides writing its log. No STS, no target, no way to tell anybody: it says who may go
 * on, which is never authority.
 */
const delegatePermissions = (resources: PlaneResources): PolicyStatement[] => [
  ...recordKeeping(resources),
  // A refusal may be the first of an intent whose emergency stands in the bucket alone: it must not take its place.
  ...emergencies(resources),
  ...granting(resources),
  // Blocks of chains are made here and nowhere else; the key's own policy says so too.
  allow("SignBlocks", ["kms:Sign", "kms:GetPublicKey"], [resources.planeKey.key.keyArn]),
];

const indexArn = ({ tableArn }: OwnTable, name: string): string => `${tableArn}/index/${name}`;

/** Changing whom the plane believes, and what it refuses whatever that allows. */
const changing = ({ registry, state }: PlaneResources): PolicyStatement[] => [
  // A change is one transaction with its signed record, or it does not happen.
  allow("ChangeRegistry", ["dynamodb:PutItem"], [registry.tableArn], IN_TRANSACTION),
  // Ids of commands and of contracts that are bound here, and rows of denied sessions, in transactions alone.
  allow("TakeKeys", ["dynamodb:PutItem"], [state.tableArn], IN_TRANSACTION),
];

/** What is due is done at once behind a change, not a minute later. */
const waking = ({ sweep }: SessionRoles): PolicyStatement[] => [
  allow("WakeSweep", ["lambda:InvokeFunction"], [sweep]),
];

/**
 * Denying sessions at IAM. No permission of IAM is bound to a policy's name, so that whoever runs as this role could write
 * an Allow: what it could then do is what the role's boundary allows, hence the condition.
 */
const denying = (
  { state }: PlaneResources,
  { revocable, probed, made, brought }: SessionRoles,
): PolicyStatement[] => [
  // What each writer of a role's policy has to put.
  allow("ReadDenials", ["dynamodb:Query"], [state.tableArn]),
  // What is open, for halts and for what is due.
  allow("FindOpen", ["dynamodb:Query"], [indexArn(state, "byDue")]),
  ...(revocable.length === 0
    ? []
    : [
        allow("ReadRevocations", ["iam:GetRolePolicy"], revocable),
        ...writing("WriteRevocations", made),
        // Apart from the roles of the stack: one that somebody brought would let any boundary do for all of them.
        ...writing("WriteRevocationsOfBrought", brought),
      ]),
  // Whether IAM denies what it was told to, is seen by a session that can do nothing else; the role's trust policy gives
  // these functions no other one.
  ...(probed.length === 0
    ? []
    : [
        allow("ObtainProbe", ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"], probed),
      ]),
];

const writing = (
  sid: string,
  { roles, boundaries }: SessionRoles["made"],
): readonly PolicyStatement[] =>
  roles.length === 0
    ? []
    : [
        allow(sid, ["iam:PutRolePolicy"], roles, {
          StringLike: { "iam:PermissionsBoundary": boundaries },
        }),
      ];

/** Everything that `revoke` may do, besides writing its log. No session that acts, no target. */
const revokePermissions = (resources: PlaneResources, roles: SessionRoles): PolicyStatement[] => [
  ...recordKeeping(resources),
  ...emergencies(resources),
  ...changing(resources),
  // A denial whose record cannot be had is owed; the Registry says so in the same transaction.
  allow("OweRecords", ["dynamodb:UpdateItem"], [resources.registry.tableArn], IN_TRANSACTION),
  ...denying(resources, roles),
  // Whose identity it is, by its id.
  allow("FindIdentity", ["dynamodb:Query"], [indexArn(resources.evidence, "byIdentity")]),
  ...waking(roles),
];

/** Everything that `sweep` may do, besides writing its log. It looks at targets, and never acts on one. */
const sweepPermissions = (resources: PlaneResources, roles: SessionRoles): PolicyStatement[] => [
  ...recordKeeping(resources),
  ...emergencies(resources),
  ...changing(resources),
  ...denying(resources, roles),
  // What State hides: behind a change of the Registry, and each hour, identities are looked for by their records.
  allow("FindIssued", ["dynamodb:Query"], [indexArn(resources.evidence, "byEventType")]),
  // What a call has left whose outcome nobody recorded.
  allow("ObtainReaderSession", ["sts:AssumeRole"], roles.looking),
];

/**
 * Everything that `govern` may do, besides writing its log. No STS: it changes who is trusted and records what people say
 * of contracts, never a target. Binding one, and what is said of it, is `recordKeeping`, and in `changing` the taking of
 * its names.
 */
const governPermissions = (resources: PlaneResources, roles: SessionRoles): PolicyStatement[] => [
  ...recordKeeping(resources),
  ...emergencies(resources),
  ...changing(resources),
  // A lift waits until everything that it covers has ended on record.
  allow("FindIssued", ["dynamodb:Query"], [indexArn(resources.evidence, "byEventType")]),
  ...waking(roles),
  ...asking(roles),
  // A trust policy must name the keys in use; their names are thumbprints of the public halves.
  allow("KnowPlaneKey", ["kms:GetPublicKey"], [resources.planeKey.key.keyArn]),
];

/**
 * A function's role is the plane to STS, KMS, IAM, S3, `sweep` and the tables, so whoever may pass it to code of their own
 * (`iam:PassRole` and a function, or a change of this one's role) would be the plane. Lambda puts the ARN of
 * the function that runs into every request from within its environment (AWS Lambda developer guide, "Using
 * source function ARN to control function access behavior"); everything else that holds the role has another
 * or none, which `ArnNotEquals` takes as different. A Deny, because the key policies and the execution roles'
 * trust policies name the role themselves, so that no Allow here is needed there; and in this policy, because
 * AWS knows the key in no resource policy.
 *
 * Of IAM too, because no permission of IAM is bound to a policy's name: who ran as the role elsewhere could put a denial of
 * everything on each execution role, or take the plane's denials out. Lambda puts the key into the credentials, not into
 * the requests of single services ("all AWS API calls made by the function code", AWS's announcement of it).
 *
 * Of KMS the plane's signing keys alone: DynamoDB asks KMS in the caller's name for the tables' own key (`aws/dynamodb`), and
 * no page says that those requests carry the function's ARN.
 */
export function onlyInFunction(
  functionArns: readonly string[],
  keys: readonly IKey[],
): PolicyStatement[] {
  const [first = "", ...others] = functionArns;
  const own = others.length === 0 ? first : functionArns;
  const elsewhere = { ArnNotEquals: { "lambda:SourceFunctionArn": own } };
  return [
    deny(
      "OnlyInThisFunction",
      ["dynamodb:*", "sts:*", "iam:*", "lambda:*", "events:*", "s3:*"],
      ["*"],
      elsewhere,
    ),
    deny(
      "SignsOnlyInThisFunction",
      ["kms:*"],
      keys.map(({ keyArn }) => keyArn),
      elsewhere,
    ),
  ];
}

/** By function: all that its role may do besides writing its own log. */
export const PERMISSIONS: Readonly<
  Record<FunctionName, (resources: PlaneResources, roles: SessionRoles) => PolicyStatement[]>
> = {
  issue: issuePermissions,
  execute: executePermissions,
  delegate: delegatePermissions,
  govern: governPermissions,
  revoke: revokePermissions,
  sweep: sweepPermissions,
};
