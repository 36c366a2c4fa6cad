import { toSeconds } from "../../clock.ts";
import { type ReadContract, readContract } from "../../contract/contract.ts";
import { intentChain } from "../../evidence/chain.ts";
import { contractView } from "../../evidence/intent-state.ts";
import type { TakenKey } from "../../evidence/ports.ts";
import { denialOf } from "../../lifecycle/mark.ts";
import { type ReadProof, readProof } from "../../proof/proof.ts";
import { isRefusal, pointer, type Refusal, refuse } from "../../refusal.ts";
import { appendToIntent, ready, refused, settled } from "../barriers/append.ts";
import type { GovernDeps } from "../deps.ts";
import { type Failure, isFailure, type Judgement } from "../judgement.ts";
import { askFor, awaitedOf } from "../people-asked.ts";
import { type Intent, readIntent } from "../read/intent.ts";
import { executorKey, isContractIdKey, isExecutorKey } from "../read/state-keys.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";
import { bindingDrafts, withOpening } from "../records/issuance.ts";
import { bindingKeys } from "../records/keys.ts";
import { type Order, point, stage } from "../stage.ts";
import { judgeSupportedContract, SHOWN_CONTRACT } from "../stages/contract.ts";
import { brokenChain, DESIGNATION, lostGrant } from "../stages/executor.ts";
import { PROOF, takenContractId, takenKey } from "../stages/proof.ts";
import { LIMITS } from "../stages/state.ts";
import { holdingTrust, judgeRoom } from "./bound.ts";
import { type CommandAnswer, type Members, malformed } from "./command.ts";

type Judging = Judgement<GovernDeps>;

const FORM = stage<{ readonly members: Members }, Judging>("parse").take(
  "commandForm",
  ({ members: { contract: compact, proof: presented, ...others } }) => {
    const [foreign] = Object.keys(others);
    if (foreign !== undefined)
      return malformed("is not a member of this command", pointer("", [foreign]));
    const contract = readContract(compact);
    return isRefusal(contract) ? contract : { contract, presented };
  },
);

interface Shown {
  readonly contract: ReadContract;
  readonly presented: unknown;
}

const TRUST = stage<Shown, Judging>("contract").look("commandTrust", (_, judgement) =>
  holdingTrust(judgement),
);

const CONTRACT = stage<Shown & { readonly trust: TrustSnapshot }, Judging>("contract")
  .include(SHOWN_CONTRACT)
  .check("supported", ({ contract }) => judgeSupportedContract(contract));

interface Standing {
  readonly contract: ReadContract;
  readonly intent: Intent;
}

/** What has ended is bound no more; what has not begun may be. */
const ALIVE = stage<Standing, Judging>("state").check(
  "contractState",
  ({ contract: { claims, digest }, intent: { state, marks } }, { now }) => {
    const { ended } = contractView(state, digest);
    if (ended !== undefined)
      return refuse(ended.code, `the contract ended: ${ended.why}`, "/contract");
    if (denialOf(marks, { contractDigest: digest }) !== undefined)
      return refuse("CONTRACT_REVOKED", "the contract was ended", "/contract");
    return toSeconds(now) < claims.exp
      ? undefined
      : refuse("CONTRACT_EXPIRED", "the contract's window is over", "/contract/exp");
  },
);

/** The chain, its room, and the binding itself. */
const BINDING = point("evidence", "binding");

export const REGISTER_ORDER: Order = [
  FORM,
  TRUST,
  CONTRACT,
  DESIGNATION,
  LIMITS,
  ALIVE,
  PROOF,
  BINDING,
];

/**
 * Binds a contract to its proof before anybody asks for anything under it (PROTOCOL.md §10, `register`), so that evaluators
 * and approvers can speak of it. Too few of them refuse nothing yet; an objection does. The same again is answered likewise.
 */
export async function register(
  judgement: Judging,
  members: Members,
): Promise<CommandAnswer | Failure> {
  const formed = judgement.judge(FORM, { members });
  if (isFailure(formed)) return formed;
  const informed = await judgement.ask(TRUST, formed);
  if (isFailure(informed)) return informed;
  const { contract, presented, trust } = informed;
  const { deps } = judgement;
  const executor = contract.claims.cnf.jkt;
  const chainId = intentChain(contract.claims.intent.id);
  const [start, recordedActor] = await Promise.all([
    readIntent(deps, chainId, trust, { breakGlass: contract.claims.breakGlass?.policy }),
    deps.denials.valueOf(executorKey(executor)),
  ]);
  if (isRefusal(start)) return brokenChain(start);
  const judge = (intent: Intent): Failure | { readonly proof: ReadProof } => {
    const shown = judgement.judge(CONTRACT, { contract, presented, trust });
    if (isFailure(shown)) return shown;
    const designated = judgement.judge(DESIGNATION, {
      ...{ contract, chain: undefined, executor, trust },
    });
    if (isFailure(designated)) return designated;
    const subject = { contract, chain: undefined, recordedActor, step: undefined, trust };
    const limited = judgement.judge(LIMITS, subject);
    if (isFailure(limited)) return limited;
    const alive = judgement.judge(ALIVE, { contract, intent });
    if (isFailure(alive)) return alive;
    const proved = judgement.judge(PROOF, { contract, presented, trust, intent, mayWait: true });
    if (isFailure(proved)) return proved;
    const unheard = judgeUnheard(intent, contract, proved.proof);
    return unheard === undefined ? proved : judgement.fail(unheard);
  };
  const done = await appendToIntent<Intent, GovernDeps>(judgement, start, {
    prepare: (intent) => {
      if (isSame(intent, contract, presented)) return settled(intent);
      const judged = judge(intent);
      if (isFailure(judged)) return refused(judged);
      judgement.reach(BINDING);
      const full = judgeRoom(intent);
      if (full !== undefined) return refused(judgement.fail(full));
      const drafts = bindingDrafts(intent, { contract }, judged.proof, judgement.now);
      return ready({
        drafts: withOpening(intent, { contract }, drafts),
        keys: bindingKeys(chainId, contract),
      });
    },
    onTaken: judgeTaken,
  });
  if (done.kind === "refused") return done.failure;
  const isKnown = done.kind === "settled";
  const bound = isKnown ? done.value : done.intent;
  const { state } = bound;
  const proof = isKnown ? undefined : readProof(presented);
  if (proof !== undefined && !isRefusal(proof)) {
    const { plane } = deps;
    const { now } = judgement;
    const seen = { contract, proof, intent: bound, trust, plane: plane.id, now };
    await askFor(deps, contract, {
      evidence: { chainId, seq: state.head.seq },
      unlock: awaitedOf(seen),
    });
  }
  return {
    ...{ ok: true, deduplicated: isKnown, state: "BOUND", inFlight: 0, points: [] },
    evidence: { chainId, seq: state.head.seq },
  };
}

/** Bound to this very proof already, and nobody speaks in it who is not on record: whatever came since, that is so. */
function isSame(intent: Intent, contract: ReadContract, presented: unknown): boolean {
  const { bound } = contractView(intent.state, contract.digest);
  const proof = bound === undefined ? undefined : readProof(presented);
  return (
    proof !== undefined &&
    !isRefusal(proof) &&
    proof.digest === bound?.proofDigest &&
    judgeUnheard(intent, contract, proof) === undefined
  );
}

/** Another proof would change after the fact what the contract was bound to; to answer it as known would lose a voice. */
function judgeUnheard(
  { state }: Intent,
  { digest }: ReadContract,
  { attestations, approvals }: ReadProof,
): Refusal | undefined {
  const { bound, attested, approved } = contractView(state, digest);
  if (bound === undefined) return undefined;
  const unheard = (list: string, presented: readonly string[], recorded: readonly string[]) => {
    const index = presented.findIndex((each) => !recorded.includes(each));
    return index < 0
      ? undefined
      : refuse(
          "EVIDENCE_HASH_MISMATCH",
          `the contract is bound already without this one: send it with ${list === "approvals" ? "approve" : "attest"}`,
          pointer("/proof", [list, index]),
        );
  };
  return (
    unheard("attestations", attestations, attested) ?? unheard("approvals", approvals, approved)
  );
}

function judgeTaken(key: TakenKey): Failure {
  if (isExecutorKey(key)) return takenKey();
  return isContractIdKey(key) ? takenContractId() : brokenChain(lostGrant());
}
