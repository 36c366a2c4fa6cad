import type { Caller } from "../../aws/inspect/caller.ts";
import type { Ground } from "../../aws/inspect/ground.ts";
import type { Seen } from "../../aws/inspect/look.ts";
import type { StackFacts } from "../../aws/inspect/stack.ts";
import { about, allOr, type Finding, whenSeen } from "../finding.ts";
import { arnOf, NEEDS } from "./needs.ts";
import { type Synthesised, type Wanted, type WantedName, wantedOf } from "./wanted.ts";

/** What Lambda keeps for functions without a reservation, and refuses to reserve (Lambda developer guide, reserved concurrency). */
const KEPT_UNRESERVED = 100;

interface Place {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
}

/**
 * Whether an account is ready for a deployment that is not there yet; reads only.
 * @throws {Fault} `DEPENDENCY_UNAVAILABLE` when AWS cannot be reached.
 */
export async function preflight(
  synthesised: Synthesised,
  see: Ground,
): Promise<readonly Finding[]> {
  const wanted = wantedOf(synthesised.template);
  const caller = await see.caller();
  const { stackName, account } = synthesised;
  if (account !== undefined && account !== caller.account) {
    return [
      about("account").problem(
        `your credentials are of account ${caller.account}, the deployment is bound to ${account}`,
        "use credentials of that account (--profile, AWS_PROFILE), or correct /account",
      ),
    ];
  }
  const [, partition = ""] = caller.arn.split(":");
  const place = { partition, region: see.region, account: caller.account };
  const stack = await see.stack(stackName);
  const [quota, names, bootstrap, permissions] = await Promise.all([
    checkQuota(wanted, see, stack),
    checkNames(wanted.names, see, stack, place),
    checkBootstrap(synthesised, see, place),
    checkPermissions(synthesised, wanted, see, caller, place),
  ]);
  return [
    ...checkRegion(wanted, place),
    ...checkStackState(stackName, stack),
    ...quota,
    ...names,
    ...bootstrap,
    ...permissions,
  ];
}

function checkRegion({ targetRegions }: Wanted, { region }: Place): readonly Finding[] {
  const elsewhere = targetRegions.filter((each) => each !== region);
  return allOr(about("region").ok(`${region}, where the targets are`), [
    elsewhere.length > 0 &&
      about("region").problem(
        `the stack would go to ${region}, the targets are in ${elsewhere.join(", ")}: every contract for them would be refused`,
        `export AWS_REGION=${elsewhere[0]}, or correct /targets`,
      ),
  ]);
}

/** A first deployment that failed leaves a stack that can only be deleted (CloudFormation user guide, stack status codes). */
function checkStackState(name: string, stack: Seen<StackFacts>): readonly Finding[] {
  const subject = about(`stack ${name}`);
  const free = subject.ok("is not there yet");
  return whenSeen(stack, subject, free, ({ status }) => {
    if (/^ROLLBACK_(COMPLETE|FAILED)$|^CREATE_FAILED$|^DELETE_FAILED$/.test(status)) {
      return [
        subject.problem(
          `is ${status}: it cannot be deployed any more`,
          `delete it (aws cloudformation delete-stack --stack-name ${name}), and look again: what it kept has its name still`,
        ),
      ];
    }
    return /_IN_PROGRESS$/.test(status)
      ? [subject.problem(`is ${status}`, "wait until it is done")]
      : [subject.ok(`is there already (${status}): a deployment updates it`)];
  });
}

/** Reserved concurrency is taken from what is unreserved, of which Lambda keeps a hundred. */
async function checkQuota(
  { reserved }: Wanted,
  see: Ground,
  stack: Seen<StackFacts>,
): Promise<readonly Finding[]> {
  const subject = about("concurrent executions");
  const isThere = namesOf(stack);
  // A function that is there has its share already.
  const more = [...reserved].filter(([name]) => !isThere.has(name)).map(([, count]) => count);
  const wanted = more.reduce((sum, count) => sum + count, 0);
  if (wanted === 0) return [subject.ok("nothing more is to be reserved")];
  const absent = subject.unseen("Lambda did not say how many the account has");
  return whenSeen(await see.concurrency(), subject, absent, ({ all, unreserved }) => [
    unreserved - wanted >= KEPT_UNRESERVED
      ? subject.ok(`${wanted} are to be reserved, of ${unreserved} that nobody has`)
      : subject.problem(
          `${wanted} are to be reserved and ${KEPT_UNRESERVED} must stay for other functions; of ${all} in this account and region ${unreserved} are free`,
          `raise the quota to ${all + wanted + KEPT_UNRESERVED - unreserved} or more (Service Quotas, AWS Lambda, "Concurrent executions"), or set smaller numbers or null in /concurrency`,
        ),
  ]);
}

const namesOf = (stack: Seen<StackFacts>): ReadonlySet<string> =>
  new Set(stack.status === "seen" ? stack.value.resources.map((each) => each.physicalId) : []);

/** A name that somebody else has fails the deployment half way, when others are made already. */
async function checkNames(
  names: readonly WantedName[],
  see: Ground,
  stack: Seen<StackFacts>,
  { partition, account }: Place,
): Promise<readonly Finding[]> {
  const own = namesOf(stack);
  const looked = await Promise.all(
    names.map(async ({ kind, name }) => {
      const asked =
        kind === "managed policy" ? `arn:${partition}:iam::${account}:policy/${name}` : name;
      return { kind, name, asked, seen: await see.named(kind, asked) };
    }),
  );
  const taken = looked.flatMap(({ kind, name, asked, seen }) =>
    seen.status === "seen" && !own.has(asked)
      ? [
          about(`${kind} ${name}`).problem(
            "is there already, and not this stack's: the deployment would fail over it",
            "take another /name; or, if an earlier stack of yours left it, delete it or import it (cdk import)",
          ),
        ]
      : [],
  );
  const unseen = [
    ...new Set(looked.flatMap(({ seen }) => (seen.status === "unseen" ? [seen.why] : []))),
  ].map((why) => about("names").unseen(why));
  if (taken.length > 0 || unseen.length > 0) return [...taken, ...unseen];
  return [about("names").ok(`all ${names.length} are free, or this stack's`)];
}

async function checkBootstrap(
  { bootstrap }: Synthesised,
  see: Ground,
  { account, region }: Place,
): Promise<readonly Finding[]> {
  const subject = about("CDK bootstrap");
  if (bootstrap === undefined) return [subject.ok("is not needed")];
  const how = `npx cdk bootstrap aws://${account}/${region}`;
  const absent = subject.problem(
    `there is no ${bootstrap.parameter}: nothing can be deployed`,
    how,
  );
  return whenSeen(await see.parameter(bootstrap.parameter), subject, absent, (version) => [
    Number(version) >= bootstrap.version
      ? subject.ok(`version ${version}`)
      : subject.problem(`is of version ${version}, at least ${bootstrap.version} is needed`, how),
  ]);
}

/** Whether who deploys may become the CDK's role, and CloudFormation's role make what the stack needs. */
async function checkPermissions(
  { stackName, deployRole, executionRole }: Synthesised,
  { types }: Wanted,
  see: Ground,
  caller: Caller,
  place: Place,
): Promise<readonly Finding[]> {
  const located = (arn: string): string =>
    arn.replace(/\$\{AWS::(Partition|AccountId|Region)\}/g, (_, name: string) => {
      const values: Readonly<Record<string, string>> = {
        ...{ Partition: place.partition, AccountId: place.account, Region: place.region },
      };
      return values[name] ?? "";
    });
  const you = await simulatable(see, caller.arn);
  const yours =
    deployRole === undefined
      ? []
      : await ask(
          see,
          "your permissions",
          you,
          [{ actions: ["sts:AssumeRole"], resource: located(deployRole) }],
          "let whoever deploys assume the CDK's roles (CDK developer guide, bootstrapping)",
        );
  const needs = Object.entries(NEEDS)
    .filter(([type]) => types.has(type))
    .map(([, { actions, resource }]) => ({ actions, resource: arnOf(resource(stackName), place) }));
  const who = executionRole === undefined ? you : await roleNamed(see, located(executionRole));
  const role = await ask(
    see,
    executionRole === undefined ? "your permissions" : "CloudFormation's role",
    who,
    needs,
    "give it these permissions: cdk bootstrap --cloudformation-execution-policies names its policies",
  );
  return [...yours, ...role];
}

interface Question {
  readonly actions: readonly string[];
  readonly resource: string;
}

async function ask(
  see: Ground,
  whose: string,
  principal: Seen<string>,
  questions: readonly Question[],
  next: string,
): Promise<readonly Finding[]> {
  const subject = about(whose);
  return whenSeenAsync(principal, subject, async (arn) => {
    const answers = await Promise.all(
      questions.map(({ actions, resource }) => see.denied(arn, actions, resource)),
    );
    const unseen = answers.find(({ status }) => status === "unseen");
    if (unseen?.status === "unseen") return [subject.unseen(unseen.why)];
    // What IAM says nothing of is not allowed.
    const missing = answers.flatMap((each, index) =>
      each.status === "seen" ? each.value : (questions[index]?.actions ?? []),
    );
    return allOr(subject.ok("allow what the deployment needs"), [
      missing.length > 0 && subject.problem(`do not allow ${missing.join(", ")}`, next),
    ]);
  });
}

const roleNamed = (see: Ground, arn: string): Promise<Seen<string>> =>
  see.named("role", arn.slice(arn.lastIndexOf("/") + 1));

async function whenSeenAsync<T>(
  seen: Seen<T>,
  subject: ReturnType<typeof about>,
  check: (value: T) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  if (seen.status === "seen") return check(seen.value);
  if (seen.status === "unseen") return [subject.unseen(seen.why)];
  return [
    subject.problem(
      "there is no such role in the account",
      "bootstrap the account and region again",
    ),
  ];
}

/** IAM simulates users and roles; of a session it wants the role, path and all. */
async function simulatable(see: Ground, callerArn: string): Promise<Seen<string>> {
  const role = /:assumed-role\/([^/]+)\//.exec(callerArn)?.[1];
  if (role !== undefined) return roleNamed(see, role);
  if (callerArn.endsWith(":root"))
    return { status: "unseen", why: "the root user cannot be simulated, and cannot assume roles" };
  return { status: "seen", value: callerArn };
}
