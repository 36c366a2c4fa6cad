import { readJws, signJws } from "../../lib/encoding/jws.ts";
import type { TrustPolicy } from "../../lib/trust/policy.ts";
import { keyOf } from "../support/local/contracts.ts";
import { DUTY, type Terms } from "../support/local/terms.ts";
import type { Cell, Held } from "./cell.ts";
import type { Planned } from "./door.ts";
import type { FunctionName, Said } from "./functions.ts";
import { publishedNow } from "./registry.ts";

/** One run of a function within a course. */
export interface CourseStep {
  readonly by: FunctionName;
  /** `undefined`: there is nothing to ask, since an earlier step was refused. */
  readonly event: (cell: Cell) => object | undefined | Promise<object | undefined>;
  readonly learn?: (cell: Cell, said: Said) => void;
  /** A call that goes wrong in every cell: what it leaves is what the course is about. */
  readonly broken?: Planned;
  /** How the identity is to be called that is asked for. */
  readonly identityId?: (cell: Cell) => string | undefined;
}

/** A way through the functions, one of whose runs has each of its calls go wrong in turn. */
export interface Course {
  readonly name: string;
  /** Of each contract that its cells have. */
  readonly terms?: Terms;
  readonly before?: readonly CourseStep[];
  readonly act: CourseStep;
  /** What is under way at the same time; every call of both comes later by chance. */
  readonly beside?: CourseStep;
  /** The run under the fault is after the clock has moved on. */
  readonly isLate?: true;
  /** All of it is hours after other courses: what looks for identities by their time finds this one's alone. */
  readonly isApart?: true;
  /** What people and agents try next, with AWS well again. */
  readonly next?: readonly CourseStep[];
  /** It changes what all cells share, so its cells act in turn; `wholly`: with the sweep of each before the next. */
  readonly alone?: "inTurn" | "wholly";
  /** What takes back what all cells share, at the end. */
  readonly last?: readonly CourseStep[];
}

const isGrant = (said: Said): said is Extract<Said, { identity: unknown }> =>
  typeof said === "object" && "identity" in said;

function learn(held: Held | undefined, said: Said): void {
  if (held === undefined || !isGrant(said)) return;
  held.identityId = said.identity.identityId;
  if (said.handle !== undefined) held.handle = said.handle;
}

/** An agent asks for a contract's authority; under one name the same request again. */
export const ask = (delivery: Held["delivery"], name = "it", as = "asked"): CourseStep => ({
  by: "issue",
  event: async (cell) => cell.issuing(await cell.contract(name, delivery), as),
  learn: (cell, said) => learn(cell.held.get(name), said),
});

export const redeem = (name = "it"): CourseStep => ({
  by: "execute",
  event: async (cell) => cell.redeeming(await cell.contract(name, "handle"), "redeemed"),
});

/** All of a contract is handed on; whoever has it now asks from then on. */
const handedOn: CourseStep = {
  by: "delegate",
  event: async (cell) => cell.handingOn(await cell.contract("it", "handle"), "handed on"),
  learn: ({ held }, said) => {
    const it = held.get("it");
    if (it && typeof said === "object" && "chain" in said) it.chain = said.chain;
  },
};
const takenBackFrom: CourseStep = {
  by: "delegate",
  event: async (cell) => cell.withdrawing(await cell.contract("it", "handle"), "taken back"),
};

export const sent = (
  by: "revoke" | "govern",
  as: string,
  claims: (cell: Cell) => object | undefined,
  isCosigned = false,
): CourseStep => ({
  by,
  event: (cell) => {
    const named = claims(cell);
    if (named === undefined) return undefined;
    const signed = cell.command(as, named, isCosigned);
    return by === "govern" ? { op: "command", ...signed } : signed;
  },
});

const revokeIdentity = sent("revoke", "end", ({ held }) => {
  const identityId = held.get("it")?.identityId;
  return identityId === undefined ? undefined : { do: "revokeIdentity", identityId };
});
export const revokeContract = (name = "it"): CourseStep =>
  sent("revoke", `end ${name}`, ({ held }) => ({
    ...{ do: "revokeContract", contractDigest: held.get(name)?.digest },
  }));
export const haltActor = sent("revoke", "halt", ({ actor }) => ({
  do: "haltActor",
  actorId: actor,
}));
const haltPlane = sent("revoke", "haltAll", () => ({ do: "haltPlane" }));
const reinstate = (as: string): CourseStep =>
  sent("govern", as, ({ actor }) => ({ do: "reinstateActor", actorId: actor }), true);
const resume = (as: string): CourseStep => sent("govern", as, () => ({ do: "resumePlane" }), true);

/** The policy in force with a change, or as it is, as the next version. */
export const publication = (
  as: string,
  change: (policy: TrustPolicy) => Partial<TrustPolicy> = () => ({}),
): CourseStep => ({
  by: "govern",
  event: async (cell) => {
    const trustPolicy = await cell.once(as, async () => {
      const { compact, policy } = await publishedNow(cell.plane);
      const read = readJws(compact, "vai-trust-policy+jwt");
      if (!read.ok) throw new TypeError(read.detail);
      const iat = Math.floor(cell.now() / 1000);
      const succession = { version: policy.version + 1, prev: read.value.digest, iat };
      const next = { ...policy, ...change(policy), ...succession };
      return signJws("vai-trust-policy+jwt", next, keyOf(cell.plane, "anchor"));
    });
    return { op: "publishTrustPolicy", trustPolicy };
  },
});
const publish = publication("policy");

const STOPPED_IN_ITS_CALL: Planned = {
  ...{ name: "dynamodb:UpdateItem sample-settings", nth: 1, fault: "stopped" },
};
/** An execution whose function is stopped in its call, and a denial whose record is owed: what `sweep` finds. */
const lostInItsCall: CourseStep = {
  ...ask("execute", "lost"),
  broken: STOPPED_IN_ITS_CALL,
};
const owedItsRecord: CourseStep = {
  ...revokeContract("owed"),
  broken: { name: "kms:Sign", nth: 1, fault: "failed" },
};

/** What people send of a contract to `govern`. */
const spoken = (event: (cell: Cell, held: Held) => object): CourseStep => ({
  by: "govern",
  event: async (cell) => event(cell, await cell.contract("it", "handle")),
});
const register = spoken((cell, held) => cell.registering(held));
const approve = spoken((cell, held) => cell.approving(held, "yes"));
const object = spoken((cell, held) => cell.objecting(held, "no"));
const supersede = spoken((cell, held) => cell.superseding(held, "denied"));

const seen: CourseStep = {
  by: "govern",
  event: async (cell) => cell.seeing(await cell.contract("it", "execute")),
};

/** The look is later than the second within which the effect has to be seen: the same invocation takes it back. */
const takenBack: CourseStep = {
  ...ask("execute"),
  broken: { name: "dynamodb:GetItem sample-settings", nth: 1, fault: "slow" },
};

/** An auditor's word on the emergency, under a name of its own. */
const reviewed = (as: string): CourseStep => ({
  by: "govern",
  event: (cell) => {
    const contractDigest = cell.held.get("it")?.digest;
    if (contractDigest === undefined) return undefined;
    return { op: "command", ...cell.reviewing(as, contractDigest) };
  },
});

export const COURSES: readonly Course[] = [
  { name: "issue execute", act: ask("execute"), next: [ask("execute")] },
  { name: "issue handle", act: ask("handle"), next: [ask("handle"), redeem()] },
  { name: "issue credentials", act: ask("credentials"), next: [ask("credentials")] },
  { name: "execute", before: [ask("handle")], act: redeem(), next: [redeem()] },
  {
    ...{ name: "delegate", terms: { isDelegable: true }, act: handedOn },
    next: [handedOn, ask("handle"), redeem()],
  },
  {
    ...{ name: "delegate withdraw", terms: { isDelegable: true }, act: takenBackFrom },
    before: [handedOn, ask("handle")],
    next: [takenBackFrom, redeem(), ask("handle", "it", "another")],
  },
  {
    ...{ name: "revoke identity", before: [ask("credentials")], act: revokeIdentity },
    next: [revokeIdentity],
  },
  {
    ...{ name: "revoke running", act: revokeIdentity, next: [redeem(), revokeIdentity] },
    before: [ask("handle"), { ...redeem(), broken: STOPPED_IN_ITS_CALL }],
  },
  {
    ...{ name: "revoke contract", before: [ask("handle")], act: revokeContract() },
    next: [redeem(), ask("handle", "it", "another"), revokeContract()],
  },
  {
    ...{ name: "revoke actor", before: [ask("handle")], act: haltActor, alone: "inTurn" },
    next: [redeem(), ask("handle", "it", "another"), haltActor],
    last: [reinstate("back")],
  },
  {
    ...{ name: "revoke plane", before: [ask("handle")], act: haltPlane, alone: "wholly" },
    next: [redeem(), ask("handle", "it", "another"), haltPlane],
    last: [resume("resumed")],
  },
  { name: "govern publish", act: publish, alone: "inTurn", next: [publish] },
  {
    ...{ name: "govern lift", act: reinstate("back"), alone: "inTurn", isApart: true },
    before: [ask("handle"), revokeIdentity, haltActor],
    next: [ask("handle", "it", "another"), reinstate("back"), ask("handle", "it", "third")],
    last: [reinstate("again")],
  },
  { name: "govern register", act: register, next: [register, ask("handle"), redeem()] },
  {
    ...{ name: "govern approve", before: [register], act: approve },
    next: [approve, ask("handle"), redeem()],
  },
  {
    ...{ name: "govern attest", before: [ask("handle")], act: object },
    next: [redeem(), ask("handle", "it", "another"), object],
  },
  {
    ...{ name: "govern supersede", before: [ask("handle")], act: supersede },
    next: [redeem(), ask("handle", "it", "another"), supersede],
  },
  {
    ...{ name: "issue duty", terms: { obligations: [DUTY] } },
    ...{ act: ask("execute"), next: [ask("execute"), seen] },
  },
  {
    ...{ name: "govern duty", terms: { obligations: [DUTY] } },
    ...{ before: [ask("execute")], act: seen, next: [seen] },
  },
  {
    ...{ name: "issue rollback", terms: { isTakenBack: true } },
    ...{ act: takenBack, next: [ask("execute")] },
  },
  {
    ...{ name: "issue break-glass", alone: "wholly", terms: { isEmergency: true } },
    ...{ act: ask("execute"), next: [ask("execute")], last: [reviewed("closed")] },
  },
  {
    ...{ name: "govern review", alone: "wholly", terms: { isEmergency: true } },
    ...{ before: [ask("execute")], act: reviewed("reviewed"), next: [reviewed("reviewed")] },
    last: [reviewed("closed")],
  },
  {
    ...{ name: "sweep", alone: "wholly", isLate: true, act: { by: "sweep", event: () => ({}) } },
    before: [ask("handle"), ask("handle", "owed"), lostInItsCall, owedItsRecord],
  },
];
