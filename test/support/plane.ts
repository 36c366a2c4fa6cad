import { isOpened } from "../../lib/actions/opened.ts";
import { S3BreakGlassStore } from "../../lib/aws/ports/break-glass/store.ts";
import { DynamoDenialStore } from "../../lib/aws/ports/denials.ts";
import { DynamoEvidenceStore } from "../../lib/aws/ports/evidence-store.ts";
import { KmsSigner } from "../../lib/aws/ports/kms-signer.ts";
import { DynamoOpenStore } from "../../lib/aws/ports/open-view.ts";
import { DynamoRegistryStore } from "../../lib/aws/ports/registry-store.ts";
import { DynamoRevokedStore } from "../../lib/aws/ports/revoked.ts";
import { IamRolePolicies } from "../../lib/aws/ports/role-policies.ts";
import { DynamoRefusalCounter } from "../../lib/aws/ports/state.ts";
import { assumeRoleBy, cutSessionBy, readerCredentialsBy } from "../../lib/aws/ports/sts.ts";
import { parsePlaneId } from "../../lib/config.ts";
import { type Digest, sha256Digest } from "../../lib/encoding/digest.ts";
import { readPublicJwk, type VerificationKey } from "../../lib/encoding/jwk.ts";
import type { Answer, GrantedAnswer, RefusedAnswer } from "../../lib/enforcement/answer.ts";
import type { CommandAnswer } from "../../lib/enforcement/commands/command.ts";
import { type DelegateAnswer, delegate } from "../../lib/enforcement/delegate.ts";
import type { GovernDeps, Invocation, IssueDeps, SweepDeps } from "../../lib/enforcement/deps.ts";
import { execute } from "../../lib/enforcement/execute.ts";
import { govern as governPlane } from "../../lib/enforcement/govern.ts";
import { issue } from "../../lib/enforcement/issue.ts";
import { revoke } from "../../lib/enforcement/revoke.ts";
import { type Swept, sweep, type Unswept } from "../../lib/enforcement/sweep.ts";
import { foldIntent } from "../../lib/evidence/fold.ts";
import type { IntentState } from "../../lib/evidence/intent-state.ts";
import { evidenceKeys, openChain } from "../../lib/evidence/open.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import type { EvidenceRow } from "../../lib/evidence/row.ts";
import type { AskIam, AskPeople } from "../../lib/lifecycle/ports.ts";
import type { DecisionNeeded } from "../../lib/proof/decision-needed.ts";
import type { TrustPolicy } from "../../lib/trust/policy.ts";
import { Faults } from "./faults.ts";
import { forge, type SignedChange } from "./forge.ts";
import {
  eventOf,
  FUNCTION,
  type Governed,
  govern,
  type Mutation,
  redemptionOf,
  TABLE,
} from "./governed.ts";
import { KEYS } from "./keys.ts";
import { MemoryBucket } from "./memory-bucket.ts";
import { MemoryDynamo, onlyMembers, TABLES } from "./memory-dynamo.ts";
import { MemoryIam } from "./memory-iam.ts";
import { MemoryKms } from "./memory-kms.ts";
import { MemorySts } from "./memory-sts.ts";
import { type Change, changed } from "./mutate.ts";
import { namedPrivateJwk } from "./named-key.ts";
import { Targets } from "./targets.ts";
import { firstPolicy, PLANE, successor } from "./trust.ts";
import { World } from "./world.ts";

export interface PlaneOptions {
  /** How the first trust policy differs from the usual one. */
  readonly policy?: Change | undefined;
  /** `false` leaves the plane without a trust policy. */
  readonly publish?: boolean;
  readonly seed?: number;
  /** Keys that are the same in every run. */
  readonly isGolden?: boolean;
}

/** What an attack must not have changed. */
export interface Effects {
  readonly executions: number;
  readonly calls: number;
  readonly target: unknown;
  readonly retryKeys: number;
}

/** What this plane opens: more than its readers are told, for contracts of many targets. */
const OPENED = {
  ...{ lambda: [FUNCTION, `${FUNCTION}-*`], dynamodb: [TABLE] },
  ...{ ec2: ["*"], ecs: ["*"], s3: ["*"], ssm: ["*"] },
};

/** Every plane that this process has made; `whole-run.test.ts` looks at what was left in them. */
export const PLANES: Plane[] = [];

const callers = (): string => {
  const lines = (new Error().stack ?? "").split("\n").filter((line) => line.includes(".test.ts"));
  return lines.map((line) => line.slice(line.lastIndexOf("/") + 1)).join(" < ");
};

/**
 * A whole trust plane in memory: the real enforcement over the real stores, with DynamoDB, KMS, STS and targets
 * replaced at their clients. Signatures, conditions and limits are real; clock, ids, jitter and failures are the test's.
 */
export class Plane {
  readonly id = PLANE;
  readonly world: World;
  readonly faults = new Faults();
  readonly dynamo = new MemoryDynamo(this.faults);
  readonly kms: MemoryKms;
  /** The key of handles. */
  readonly planeKms: MemoryKms;
  readonly sts: MemorySts;
  readonly iam = new MemoryIam(this.faults);
  readonly bucket = new MemoryBucket(this.faults);
  readonly targets = new Targets(this.faults);
  policy: TrustPolicy;
  policyDigest: Digest | undefined;
  deps: IssueDeps;
  /** By whom IAM is asked; nobody, unless a test gives somebody: as in a region whose STS cannot tell. */
  askIam: AskIam | undefined;
  /** What people were asked for, in order. */
  readonly asked: DecisionNeeded[] = [];
  /** How they are asked; a test may have it fail. */
  askPeople: AskPeople = async (needed) => {
    this.asked.push(...needed);
  };
  /** How often `sweep` was told that there is work. */
  woken = 0;
  /** False once a test has edited tables or keys as somebody does who may: then nobody can promise every end. */
  isWhole = true;
  /** Where in the tests it was made. */
  readonly madeBy: string;
  #requests = 0;

  constructor({ seed, isGolden = false }: Pick<PlaneOptions, "seed" | "isGolden"> = {}) {
    this.world = new World(seed);
    const own = (name: string) => (isGolden ? namedPrivateJwk(name, "ES256") : undefined);
    this.kms = new MemoryKms(this.faults, "signer", own("evidence"));
    this.planeKms = new MemoryKms(this.faults, "planeSigner", own("plane"));
    this.sts = new MemorySts(this.faults, this.world.clock);
    const keys = { evidence: this.kms.jwk, plane: this.planeKms.jwk };
    this.policy = firstPolicy(keys, this.world.now);
    this.deps = this.process();
    this.madeBy = callers();
    PLANES.push(this);
  }

  /** The ports of another process of the same function: nothing remembered. */
  process(): IssueDeps {
    const plane = parsePlaneId(PLANE);
    if (plane === undefined) throw new Error("not a plane id");
    const dynamo = this.dynamo.client();
    const sts = this.sts.client();
    const targets = { lambda: [FUNCTION], dynamodb: [TABLE] };
    return onlyMembers<IssueDeps>("deps", {
      plane,
      component: "issue",
      anchors: [KEYS.anchor, KEYS.otherAnchor].map(
        ({ jwk }) => readPublicJwk(jwk) as VerificationKey,
      ),
      clock: this.world.clock,
      newId: this.world.newId,
      sleep: this.world.sleep,
      random: this.world.random,
      evidence: new DynamoEvidenceStore(dynamo, TABLES),
      signer: new KmsSigner(this.kms.client(), "evidence-key"),
      planeSigner: new KmsSigner(this.planeKms.client(), "plane-key"),
      registry: new DynamoRegistryStore(dynamo, TABLES),
      counter: new DynamoRefusalCounter(dynamo, TABLES.state),
      denials: new DynamoDenialStore(dynamo, TABLES),
      askPeople: (needed: readonly DecisionNeeded[]) => this.askPeople(needed),
      breakGlass: new S3BreakGlassStore(() => this.bucket.client(), "break-glass-bucket"),
      memory: { handles: new Map(), keyLooks: new Map() },
      descriptorOf: this.targets.descriptorOf,
      isOpened: (family: string, resource: string) => isOpened(OPENED, family, resource),
      readOf: this.targets.readOf,
      targetKeys: {},
      assumeRole: assumeRoleBy(sts),
      cutSession: cutSessionBy((as) => this.sts.clientOf(as)),
      readerCredentials: readerCredentialsBy(
        sts,
        { targets, targetKeys: {} },
        this.world.clock,
        "us-east-1",
      ),
      targetEndpoint: "http://127.0.0.1:9",
    });
  }

  /** A new invocation that ends 30 s from now. */
  invocation(): Invocation {
    this.#requests += 1;
    return { requestId: `invocation-${this.#requests}`, deadline: this.world.now + 30_000 };
  }

  issue(event: unknown, deps: IssueDeps = this.deps): Promise<Answer> {
    return issue(event, deps, this.invocation());
  }

  /** Redeems a handle. */
  execute(event: unknown, deps: IssueDeps = this.deps): Promise<Answer> {
    return execute(event, { ...deps, component: "execute" }, this.invocation());
  }

  /** Hands authority on, or takes it back. */
  delegate(event: unknown, deps: IssueDeps = this.deps): Promise<DelegateAnswer> {
    return delegate(event, { ...deps, component: "delegate" }, this.invocation());
  }

  govern(event: unknown, deps: IssueDeps = this.deps): Promise<CommandAnswer | RefusedAnswer> {
    return governPlane(event, this.#commanding(deps), this.invocation());
  }

  revoke(event: unknown, deps: IssueDeps = this.deps): Promise<CommandAnswer | RefusedAnswer> {
    return revoke(event, { ...this.#commanding(deps), component: "revoke" }, this.invocation());
  }

  /** One run of `sweep`, which must look at chains. */
  async sweep(deps: IssueDeps = this.deps): Promise<Swept> {
    const ran = await this.trySweep(deps);
    if (ran.ok) return ran;
    throw Object.assign(new Error(ran.detail), { code: ran.code });
  }

  /** One run of `sweep`, whatever came of it. */
  trySweep(deps: IssueDeps = this.deps): Promise<Swept | Unswept> {
    return sweep({ ...this.#commanding(deps), component: "sweep" }, this.invocation());
  }

  /** What commands need besides. */
  #commanding(deps: IssueDeps): SweepDeps & GovernDeps {
    const dynamo = this.dynamo.client();
    const denials = new DynamoDenialStore(dynamo, TABLES);
    return {
      ...deps,
      denials,
      wakeSweep: async () => {
        this.woken += 1;
      },
      within: (_, work) => work,
      open: new DynamoOpenStore(dynamo, TABLES.state),
      revoked: new DynamoRevokedStore(dynamo, TABLES.state),
      rolePolicies: new IamRolePolicies(this.iam.client()),
      askIam: this.askIam,
    };
  }

  /** Everything outside processes as it is now, to be put back: the same from here once more. */
  saved(): () => void {
    const { policy, policyDigest } = this;
    const parts = [this.world, this.dynamo, this.iam, this.bucket, this.targets].map((part) =>
      part.saved(),
    );
    const { length } = this.sts.executions;
    return () => {
      for (const putBack of parts) putBack();
      this.sts.executions.length = length;
      this.policy = policy;
      this.policyDigest = policyDigest;
    };
  }

  /** A command's JWS, signed by an operator. */
  command(
    claims: { readonly do: string } & Record<string, unknown>,
    change: SignedChange = {},
  ): unknown {
    const seconds = Math.floor(this.world.now / 1000);
    const shared = {
      iss: "olga",
      iat: seconds,
      exp: seconds + 300,
      aud: PLANE,
      jti: this.world.newId(),
    };
    const whole = { ...shared, reason: "agent behaves oddly", ...claims };
    return forge("vai-command+jwt", whole, "operator", change, this.world.now);
  }

  /** The JWS of the policy in force with a change, as the next version; version 1 while there is none. */
  nextPolicy(change: SignedChange = {}): { readonly jws: unknown; readonly policy: TrustPolicy } {
    const { now } = this.world;
    const base =
      this.policyDigest === undefined ? this.policy : successor(this.policy, this.policyDigest);
    const jws = forge("vai-trust-policy+jwt", base, "anchor", change, now);
    return { jws, policy: changed(base, change, now) };
  }

  async publish(change: SignedChange = {}): Promise<void> {
    const { jws, policy } = this.nextPolicy(change);
    const answer = await this.govern({ op: "publishTrustPolicy", trustPolicy: jws });
    if (!answer.ok) throw new Error(`the trust policy was refused: ${JSON.stringify(answer)}`);
    this.policy = policy;
    const compact = String(jws);
    this.policyDigest = sha256Digest(compact.slice(0, compact.lastIndexOf(".")));
  }

  /** A new intent with its contract and proof; give `like` to stay with the ids of another. */
  contract(mutation: Mutation = {}, like?: Governed): Governed {
    const { newId, now } = this.world;
    const ids = like?.ids ?? { intent: newId(), contract: newId(), decision: newId() };
    return govern(ids, now, mutation);
  }

  /** The event of a new request under a contract. */
  event(governed: Governed, mutation: Mutation = {}): unknown {
    const { newId, now } = this.world;
    const names = { jti: newId(), idempotencyKey: `key-${newId()}` };
    return eventOf(governed, names, now, mutation);
  }

  /** Asks under a contract, or under a new one. */
  async ask(mutation: Mutation = {}, governed = this.contract(mutation)): Promise<Answer> {
    return this.issue(this.event(governed, mutation));
  }

  /** {@link ask}, for a request that must be granted. */
  async grant(mutation: Mutation = {}, governed = this.contract(mutation)): Promise<GrantedAnswer> {
    return granted(await this.ask(mutation, governed));
  }

  /** The event that redeems a handle, signed by the agent, for the usual operation. */
  redemption(governed: Governed, handle: unknown, mutation: Mutation = {}): unknown {
    const { newId, now } = this.world;
    const names = { jti: newId(), idempotencyKey: `key-${newId()}` };
    return redemptionOf(governed, handle, names, now, mutation);
  }

  rows(chainId: string): EvidenceRow[] {
    return [...this.dynamo.table(TABLES.evidence).values()]
      .map((item) => item as unknown as EvidenceRow)
      .filter((row) => row.chainId === chainId)
      .sort((left, right) => left.seq - right.seq);
  }

  /** Every chain that has records. */
  chains(): string[] {
    const rows = [...this.dynamo.table(TABLES.evidence).values()];
    return [...new Set(rows.map(({ chainId }) => String(chainId)))].sort();
  }

  /** What the records of a chain say; their signatures and links are verified first. */
  records(chainId: string): EvidenceRecord[] {
    return this.#open(chainId).records.map(({ record }) => record);
  }

  /** What every row says, of whichever chain; nothing is verified. */
  everyRecord(): EvidenceRecord[] {
    const rows = [...this.dynamo.table(TABLES.evidence).values()];
    return rows.map(({ record }) => JSON.parse(String(record)) as EvidenceRecord);
  }

  types(chainId: string): string[] {
    return this.records(chainId).map(({ event }) => event.type);
  }

  /** What an intent's chain says by itself. */
  state(chainId: string): IntentState {
    const { records, head } = this.#open(chainId);
    return foldIntent(records, head);
  }

  #open(chainId: string) {
    const item = this.dynamo.table(TABLES.state).get(`chain#${chainId}|head`);
    const head = item === undefined ? undefined : { seq: item["seq"], hash: item["hash"] };
    const stored = { rows: this.rows(chainId), head: head as never };
    const opened = openChain(stored, {
      plane: PLANE,
      chainId,
      keys: evidenceKeys(this.policy),
    });
    if ("defect" in opened) throw new Error(`${chainId} ${opened.seq} ${opened.defect}`);
    return opened;
  }

  effects(): Effects {
    const keys = [...this.dynamo.table(TABLES.state).keys()];
    return {
      executions: this.sts.executions.length,
      calls: this.targets.calls.length,
      target: structuredClone(this.targets.state),
      retryKeys: keys.filter((key) => key.startsWith("retry#")).length,
    };
  }
}

/** A plane whose trust policy is published. */
export async function newPlane({ policy, publish, ...kind }: PlaneOptions = {}): Promise<Plane> {
  const plane = new Plane(kind);
  if (publish !== false) await plane.publish(policy);
  return plane;
}

export function granted(answer: Answer): GrantedAnswer {
  if (!answer.ok) throw new Error(`was refused: ${JSON.stringify(answer)}`);
  return answer;
}

export function refused(answer: Answer | CommandAnswer | DelegateAnswer): RefusedAnswer {
  if (answer.ok) throw new Error(`was not refused: ${JSON.stringify(answer)}`);
  return answer;
}
