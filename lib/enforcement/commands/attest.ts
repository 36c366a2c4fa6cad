import { toSeconds } from "../../clock.ts";
import { isDigest } from "../../encoding/digest.ts";
import type { RecordDraft } from "../../evidence/record.ts";
import type { Duty } from "../../execution/duty.ts";
import {
  type Attestation,
  judgeEvaluator,
  type ReadAttestation,
  readAttestation,
} from "../../proof/attestation.ts";
import { isRefusal, pointer, type Refusal, refuse } from "../../refusal.ts";
import { appendToIntent, ready, refused, settled } from "../barriers/append.ts";
import type { GovernDeps } from "../deps.ts";
import { type Failure, isFailure, type Judgement } from "../judgement.ts";
import type { Intent } from "../read/intent.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";
import { settledDrafts } from "../records/duties.ts";
import { type Order, point, stage } from "../stage.ts";
import {
  type BoundContract,
  boundContract,
  boundIn,
  holdingTrust,
  judgeAlive,
  judgeRoom,
} from "./bound.ts";
import { type CommandAnswer, type Members, malformed } from "./command.ts";

type Judging = Judgement<GovernDeps>;

const AT = "/attestation";

const FORM = stage<{ readonly members: Members }, Judging>("parse").take(
  "commandForm",
  ({ members: { contractDigest, attestation: compact, ...others } }) => {
    const [foreign] = Object.keys(others);
    if (foreign !== undefined)
      return malformed("is not a member of this command", pointer("", [foreign]));
    if (!isDigest(contractDigest)) return malformed("must be a digest", "/contractDigest");
    const attestation = readAttestation(compact, AT);
    return isRefusal(attestation) ? attestation : { contractDigest, attestation };
  },
);

const TRUST = stage<object, Judging>("contract").look("commandTrust", (_, judgement) =>
  holdingTrust(judgement),
);
const KNOWN = point("contract", "contractKnown");
const ATTESTABLE = point("proof", "attestation");

export const ATTEST_ORDER: Order = [FORM, TRUST, KNOWN, ATTESTABLE];

/**
 * Records an evaluator's word on the decision of a bound contract (PROTOCOL.md §10, `attest`): dissent as well (DTF-12), and
 * a reject stops what has not begun. The same attestation again is answered likewise.
 */
export async function attest(
  judgement: Judging,
  members: Members,
): Promise<CommandAnswer | Failure> {
  const formed = judgement.judge(FORM, { members });
  if (isFailure(formed)) return formed;
  const { contractDigest, attestation } = formed;
  const informed = await judgement.ask(TRUST, formed);
  if (isFailure(informed)) return informed;
  const { trust } = informed;
  judgement.reach(KNOWN);
  const bound = await boundContract(judgement, trust, contractDigest);
  if (isRefusal(bound)) return judgement.fail(bound);
  judgement.reach(ATTESTABLE);
  const { compact } = attestation.jws;
  const done = await appendToIntent<Intent, GovernDeps>(judgement, bound.intent, {
    prepare: (intent) => {
      const found = boundIn(intent, contractDigest);
      if (found === undefined) throw new TypeError("what was bound stays bound");
      if (isRecorded(intent, compact)) return settled(intent);
      const problem = judgeOf(found, attestation, trust, judgement.now);
      if (problem !== undefined) return refused(judgement.fail(problem));
      return ready({ drafts: draftsOf(found, attestation) });
    },
  });
  if (done.kind === "refused") return done.failure;
  const isKnown = done.kind === "settled";
  const { chainId, state } = isKnown ? done.value : done.intent;
  return {
    ...{ ok: true, deduplicated: isKnown, state: "RECORDED", inFlight: 0, points: [] },
    evidence: { chainId, seq: state.head.seq },
  };
}

function judgeOf(
  found: BoundContract,
  attestation: ReadAttestation,
  { policy }: TrustSnapshot,
  now: number,
): Refusal | undefined {
  const seconds = toSeconds(now);
  const unheard = judgeEvaluator(attestation, policy, seconds, AT);
  if (unheard !== undefined) return unheard;
  // What is promised may be due behind the window, and has room kept for it.
  if ("obligation" in attestation.claims) {
    return (
      judgeObligation(found, attestation.claims, now) ?? judgeAbstention(found, attestation.claims)
    );
  }
  return (
    judgeDecision(found, attestation) ??
    judgeAlive(found, seconds) ??
    judgeVoice(found, attestation)
  );
}

type OfObligation = Extract<Attestation, { obligation: unknown }>;

/** The open duty that an attestation is of, with its identity. */
function dutyOf({ contract, intent }: BoundContract, { obligation }: OfObligation) {
  const identity = intent.state.identities.get(obligation.identityId);
  if (identity === undefined || identity.contractDigest !== contract.digest) return undefined;
  const duty = identity.end === undefined && identity.duties?.find(isNamed(obligation.name));
  return duty ? { identity, duty } : undefined;
}

const isNamed =
  (name: string) =>
  (duty: Duty): boolean =>
    duty.kind === "event" && duty.name === name;

/** Seconds by which an evaluator's clock may be behind. */
const CLOCK_SKEW = 60;

/** Of an event that somebody has to attest, of the class whose word counts, behind the call and in time (PROTOCOL.md §2, §3). */
function judgeObligation(
  found: BoundContract,
  claims: OfObligation,
  now: number,
): Refusal | undefined {
  const malformed = (why: string, where: string): Refusal =>
    refuse("ATTESTATION_MALFORMED", why, `${AT}/${where}`);
  const open = dutyOf(found, claims);
  if (open === undefined || Date.parse(open.duty.due) <= now) {
    return malformed("is of no obligation that waits for an attestation", "obligation");
  }
  const { startedAt = "" } = open.identity;
  if (claims.iat < toSeconds(Date.parse(startedAt)) - CLOCK_SKEW) {
    return malformed("was signed before the call that the obligation is of", "iat");
  }
  const { class: wanted } = open.duty;
  return wanted === undefined || wanted === claims.class
    ? undefined
    : malformed(`the obligation is for class ${wanted}`, "class");
}

/** Who abstains settles nothing and may do so again: without end it would fill the chain. */
const judgeAbstention = (
  { intent }: BoundContract,
  { verdict }: OfObligation,
): Refusal | undefined => (verdict === "abstain" ? judgeRoom(intent) : undefined);

const isRecorded = ({ records }: Intent, compact: string): boolean =>
  records.some(({ record: { event, detail } }) =>
    event.type === "ContractBound" || event.type === "ProofValidated"
      ? (detail["attestations"] as readonly string[] | undefined)?.includes(compact) === true
      : detail["attestation"] === compact,
  );

/** An abstention settles nothing, and is on record all the same. */
function draftsOf(found: BoundContract, { jws, claims }: ReadAttestation): RecordDraft[] {
  const { iss: by, verdict } = claims;
  const attestation = jws.compact;
  const open = "obligation" in claims ? dutyOf(found, claims) : undefined;
  if (open === undefined || verdict === "abstain") {
    return [{ type: "AttestationRecorded", detail: { attestation, by, verdict } }];
  }
  const { identity, duty } = open;
  return settledDrafts(identity, [{ duty, met: verdict === "approve", attestation }]);
}

function judgeDecision({ view }: BoundContract, { claims }: ReadAttestation): Refusal | undefined {
  return "decisionDigest" in claims && claims.decisionDigest === view.bound?.decisionDigest
    ? undefined
    : refuse("ATTESTATION_MALFORMED", "is not of the contract's decision", `${AT}/decisionDigest`);
}

/**
 * An objection finds room where nothing else does any more, once a name: one evaluator cannot fill a chain, and none is
 * kept from objecting because others have.
 */
function judgeVoice(
  { intent, view }: BoundContract,
  { claims: { iss, verdict } }: ReadAttestation,
): Refusal | undefined {
  if (verdict !== "reject") return judgeRoom(intent);
  const full = judgeRoom(intent);
  if (full === undefined) return undefined;
  const hasObjected = view.attested.some((compact) => {
    const read = readAttestation(compact, AT);
    return !isRefusal(read) && read.claims.iss === iss && read.claims.verdict === "reject";
  });
  return hasObjected ? full : undefined;
}
