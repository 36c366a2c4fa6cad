import { descriptorOf } from "../../actions/catalogue.ts";
import { judgeRollback } from "../../authority/derive/judge-rollback.ts";
import { overbroadProblem } from "../../authority/derive/overbroad.ts";
import { toSeconds } from "../../clock.ts";
import { ownResourcePrefix } from "../../config.ts";
import { effectiveStep } from "../../continuity/bounds.ts";
import type { Chain } from "../../continuity/chain.ts";
import { judgeBreakGlass } from "../../contract/break-glass.ts";
import {
  type Contract,
  type ReadContract,
  readContract,
  unsupportedMember,
} from "../../contract/contract.ts";
import {
  judgeClass,
  judgeIssuer,
  judgeIssuerScope,
  judgePlace,
  judgeRegistered,
  judgeUndoable,
} from "../../contract/judge.ts";
import type { Digest } from "../../encoding/digest.ts";
import { contractView } from "../../evidence/intent-state.ts";
import type { About } from "../../evidence/record.ts";
import { isRefusal, pointer, type Refusal, refuse } from "../../refusal.ts";
import type { ReadRequest } from "../../request/request.ts";
import type { IssueDeps, PlaneDeps } from "../deps.ts";
import type { Judgement } from "../judgement.ts";
import type { ExecuteEvent, IssueEvent } from "../read/event.ts";
import { type Intent, readIntent } from "../read/intent.ts";
import { judgeExpiry, type TrustSnapshot } from "../read/trust-snapshot.ts";
import { readHandleWorld, readWorld, type World } from "../read/world.ts";
import { type Misplaced, stage } from "../stage.ts";
import type { Spoken } from "./admission.ts";
import { judgeAssumptions } from "./assumptions.ts";
import { judgeOpened } from "./targets.ts";

/** The world as it was read, and the trust that is in force. */
interface Informed {
  readonly world: World;
  readonly trust: TrustSnapshot;
}

/** Stage `contract` of `issue`, first: the world, in one round, and the contract that is meant. */
export const READ_WORLD = stage<
  Spoken<Pick<IssueEvent, "contract"> & { readonly request: ReadRequest }>,
  Judgement<PlaneDeps>
>("contract")
  .look("registry", async ({ event, key }, judgement) =>
    informed(judgement, await readWorld(judgement.deps, event, key.thumbprint)),
  )
  .look("contractKnown", async ({ event: { contract }, ...known }, judgement) =>
    "claims" in contract
      ? { contract, opened: undefined }
      : boundContract(judgement, known, contract.digest, "/contractDigest"),
  );

/** The same of `execute`. A request and a handle of two contracts belong to neither. */
export const SAME_CONTRACT = stage<Spoken<ExecuteEvent>, Judgement>("contract").check(
  "sameContract",
  ({ event: { handle, request } }) =>
    handle.claims.contractDigest === request.claims.contractDigest
      ? undefined
      : refuse(
          "CONTRACT_HASH_MISMATCH",
          "the request was signed for another contract than the handle's",
          "/request/contractDigest",
        ),
);

export const READ_HANDLE_WORLD = stage<Spoken<ExecuteEvent>, Judgement>("contract")
  .look("registry", async ({ event, key }, judgement) =>
    informed(judgement, await readHandleWorld(judgement.deps, event, key.thumbprint)),
  )
  .look("contractKnown", async ({ event: { request }, ...known }, judgement) =>
    boundContract(judgement, known, request.claims.contractDigest, "/request/contractDigest"),
  );

/** Also a policy that has ended is known from here on: the refusal that it brings is sealed under it. */
function informed(judgement: Judgement<PlaneDeps>, world: World): Informed | Refusal {
  const { trust } = world;
  if (isRefusal(trust)) return trust;
  judgement.believe(trust);
  return judgeExpiry(trust, judgement.now) ?? { world, trust };
}

interface KnownContract {
  readonly contract: ReadContract;
  /** Its intent's chain, if that had to be opened to find it. */
  readonly opened: Intent | undefined;
}

/** A contract named by digest is the one that its intent's chain bound; State only says where to look. */
async function boundContract(
  { deps }: Judgement<PlaneDeps>,
  { world: { chain, chainId }, trust }: Informed,
  digest: Digest,
  place: string,
): Promise<KnownContract | Refusal | Misplaced> {
  const unknown = refuse("CONTRACT_UNKNOWN", `${digest} is not bound here`, place);
  if (chainId === undefined) return unknown;
  const opened = await readIntent(deps, chainId, trust, { stored: chain });
  if (isRefusal(opened)) return { stage: "executor", refusal: opened };
  const contract = readContract(contractView(opened.state, digest).bound?.contract);
  return isRefusal(contract) || contract.digest !== digest ? unknown : { contract, opened };
}

/** What stage `contract` judges. */
export interface Known {
  readonly request: ReadRequest;
  readonly chain: Chain | undefined;
  /** Whether the event carries the status of a chain, which this version refuses. */
  readonly hasStatus: boolean;
  readonly contract: ReadContract;
  readonly trust: TrustSnapshot;
}

const isCatalogued = (action: string): boolean => descriptorOf(action) !== undefined;

/** What is judged of a contract by itself, whoever shows it. */
interface Shown {
  readonly contract: ReadContract;
  readonly trust: TrustSnapshot;
}

/** By what it is judged: the plane, and what its deployment lets anybody reach. */
export type ContractDeps = PlaneDeps & Pick<IssueDeps, "descriptorOf" | "readOf" | "isOpened">;

/** Stage `contract` of `register`: what a request would be judged by, without one. */
export const SHOWN_CONTRACT = stage<Shown, Judgement<ContractDeps>>("contract")
  .check("issuer", ({ contract, trust }) => judgeIssuer(contract, trust.policy))
  .learn(attribution)
  .check("issuerScope", ({ contract, trust }) => judgeIssuerScope(contract, trust.policy))
  .check("place", ({ contract }, { deps }) => judgePlace(contract.claims, deps.plane))
  .check("breadth", judgeBreadth)
  .check(
    "registeredActions",
    ({ contract, trust }, { deps }) =>
      judgeRegistered(contract.claims, isCatalogued, trust.policy) ??
      judgeOpened(contract.claims, deps) ??
      judgeRollback(contract.claims) ??
      judgeUndoable(contract.claims, trust.policy),
  )
  .check("assumptions", ({ contract, trust }, { deps }) =>
    judgeAssumptions(contract.claims, deps.readOf, trust.policy),
  )
  .check("breakGlass", ({ contract, trust }, { now }) =>
    judgeBreakGlass(contract.claims, trust.policy, toSeconds(now)),
  )
  .check("riskClass", ({ contract, trust }) => judgeClass(contract.claims, trust.policy));

/** Stage `contract`, in the order of PROTOCOL.md §4. */
export const CONTRACT = stage<Known, Judgement>("contract")
  .check("contractDigest", judgeDigest)
  .include(SHOWN_CONTRACT)
  .check("operationNamed", judgeNamed)
  .check("supported", judgeSupported);

/** Stage `contract` of `delegate`: the same, of what may be handed on. */
export const DELEGATED_CONTRACT = stage<Shown & Pick<Known, "request">, Judgement<ContractDeps>>(
  "contract",
)
  .check("contractDigest", judgeDigest)
  .include(SHOWN_CONTRACT)
  .check("supported", ({ contract }) => judgeSupportedContract(contract));

/** What this version does not have, of a contract by itself. */
export function judgeSupportedContract({ claims }: ReadContract): Refusal | undefined {
  const place = unsupportedMember(claims);
  return place === undefined ? undefined : unsupported(place);
}

const unsupported = (place: string): Refusal =>
  refuse("NOT_SUPPORTED", `this version does not support ${place}`, place);

/** What a contract that its issuer has signed says of the request. */
function attribution({ contract: { claims, digest } }: Shown, { actor }: About): About {
  return {
    intentId: claims.intent.id,
    contract: { id: claims.jti, digest },
    actor: { ...actor, id: claims.actor.id, kind: claims.actor.kind },
  };
}

function judgeBreadth(
  { contract: { claims } }: Shown,
  { deps }: Judgement<ContractDeps>,
): Refusal | undefined {
  return overbroadProblem(claims, ownResourcePrefix(deps.plane)) ?? judgeKeys(claims);
}

/** A key is never a target: the plane's own are among them, and they have no name to tell them by (PROTOCOL.md §2). */
function judgeKeys({ authorization_details }: Contract): Refusal | undefined {
  for (const [index, { resources }] of authorization_details.entries()) {
    const key = resources.findIndex((arn) => arn.split(":")[2] === "kms");
    const where = pointer("/contract", ["authorization_details", index, "resources", key]);
    if (key >= 0) return refuse("CONTRACT_OVERBROAD", "a KMS key cannot be a target", where);
  }
  return undefined;
}

/** A request names the one contract that it was signed for (VAI-55). */
function judgeDigest({
  request,
  contract: { digest },
}: Pick<Known, "request" | "contract">): Refusal | undefined {
  return request.claims.contractDigest === digest
    ? undefined
    : refuse(
        "CONTRACT_HASH_MISMATCH",
        `the request was signed for another contract than ${digest}`,
        "/request/contractDigest",
      );
}

/** What is totalled must be named when it is reserved (PROTOCOL.md §4). Credentials name nothing, and are judged later. */
function judgeNamed({ request: { claims }, contract, chain }: Known): Refusal | undefined {
  if (claims.use !== "issue" || claims.delivery !== "handle") return undefined;
  const step = effectiveStep(claims.step, contract, chain);
  const [total] = Object.keys(step?.limits?.totals ?? {});
  return total === undefined || claims.operation !== undefined
    ? undefined
    : refuse(
        "REQUEST_MALFORMED",
        `the step totals ${total}, so a handle needs the operation`,
        "/request/operation",
      );
}

/** What this version does not have is refused by name, never ignored: ignoring a limit would widen. */
function judgeSupported({ hasStatus, contract: { claims } }: Known): Refusal | undefined {
  const place = unsupportedMember(claims) ?? (hasStatus ? "/status" : undefined);
  return place === undefined ? undefined : unsupported(place);
}
