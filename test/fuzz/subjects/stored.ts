import canonicalize from "canonicalize";
import { KEYS } from "../../support/keys.ts";
import { TABLES } from "../../support/memory-dynamo.ts";
import { restrict } from "../../support/restrict.ts";
import type { Dice } from "../dice.ts";
import type { Ground } from "../ground.ts";
import { mutatedFile, mutatedValue } from "../mutations.ts";
import { firstUnmet } from "../plain.ts";
import { changedValue } from "../signed.ts";
import type { Asked, Subject } from "./subject.ts";

const ACTOR = "spiffe://example.org/agent/coordinator";
const EXECUTION_ROLE = "arn:aws:iam::000000000000:role/exec-lambda";

type Lists = Readonly<Record<string, unknown>>;

/** Restrictions of a plane that has stopped others than the one who asks. */
function restrictionsOf(): Lists {
  const by = { at: 1777954000, by: "olga", command: `sha256:${"17".repeat(32)}` };
  return {
    halts: [{ scope: "actor", actor: "spiffe://example.org/agent/another", ...by }],
    quarantines: [
      {
        path: "arn:aws:iam::000000000000:role/exec-ec2",
        at: 1777954100,
        cause: "REVOCATION_FAILED",
      },
    ],
    reviews: [],
    revokedKeys: [KEYS.stranger.thumbprint],
  };
}

export const restrictions: Subject = {
  about:
    "restrictions in the Registry, edited or sealed: what cannot be judged by stops everything",
  ask(ground, dice): Asked {
    const { plane } = ground;
    const good = restrictionsOf();
    const mutant = dice.hits(10) ? good : changedValue(good, dice, ground.others);
    const isSealed = dice.hits(2);
    const registry = plane.dynamo.table(TABLES.registry);
    const stored = (): unknown => registry.get("registry|restrictions")?.["document"];
    const before = stored();
    const write = (): void => {
      const item = registry.get("registry|restrictions") ?? {};
      const document = textOf(mutant, dice);
      registry.set("registry|restrictions", { ...item, document });
    };
    return {
      to: "issue",
      event: plane.event(plane.contract()),
      edit: async () => {
        // What has no canonical text nobody can seal.
        const isDone = isSealed && (await restrict(plane, { set: { "": mutant } }).then(yes, no));
        if (!isDone) write();
      },
      expected: ["REGISTRY_STALE"],
      undeserved: () =>
        stored() === before || isSealed
          ? undeservedUnder(stored())
          : "they are not what was sealed",
    };
  },
};

const yes = (): boolean => true;
const no = (): boolean => false;

const textOf = (value: unknown, dice: Dice): unknown => {
  if (dice.hits(6)) return storable(value);
  const text = canonicalText(value);
  return dice.hits(3) ? mutatedFile(text, dice).toString("utf8") : text;
};

function canonicalText(value: unknown): string {
  try {
    return canonicalize(value) ?? "";
  } catch {
    return JSON.stringify(value) ?? "";
  }
}

/** Why nobody should be granted anything under this document. */
function undeservedUnder(document: unknown): string | undefined {
  const lists = JSON.parse(String(document)) as Readonly<Record<string, readonly unknown[]>>;
  const { halts = [], quarantines = [], reviews = [], revokedKeys = [] } = lists;
  const all = [...halts, ...quarantines] as readonly Lists[];
  const signers = [KEYS.agent, KEYS.issuer, KEYS.decider].map(({ thumbprint }) => thumbprint);
  return firstUnmet({
    "it has its lists alone":
      Object.keys(lists).sort().join(" ") === "halts quarantines reviews revokedKeys",
    "it is in its canonical form": canonicalText(lists) === document,
    "the plane goes on": !all.some(({ scope }) => scope === "plane"),
    "the actor goes on": !all.some(({ actor }) => actor === ACTOR),
    "the role is open": !all.some(({ path }) => path === EXECUTION_ROLE),
    "no signer is revoked": !signers.some((key) => revokedKeys.includes(key)),
    "nothing is reviewed": reviews.length === 0,
    "each entry says who, when and what": all.every(
      ({ at, scope, path }) =>
        Number.isInteger(at) && (scope !== undefined) !== (path !== undefined),
    ),
  });
}

const CODES = ["CONTRACT_REVOKED", "DECISION_SUPERSEDED", "CONTRACT_CONSUMED"];

/** Good marks on an intent's head: of another identity and another contract. */
const marksOf = (by: string): readonly Lists[] => [
  {
    ...{ at: 1777954000, code: "CONTRACT_REVOKED", trigger: "operator", by },
    identityId: "0198c7d2-0000-7000-8000-0000000000aa",
  },
  {
    ...{ at: 1777954000, code: "CONTRACT_REVOKED", trigger: "operator" },
    contractDigest: `sha256:${"17".repeat(32)}`,
  },
];

export const mark: Subject = {
  about: "marks on an intent's head, edited: they stop things and never let anything pass",
  ask(ground, dice): Asked {
    const { plane, held } = ground;
    const { identityId } = held;
    const by = String(plane.command({ do: "revokeIdentity", identityId }));
    const good = marksOf(by).slice(0, dice.roll(3));
    const { contractDigest } = held;
    const ours = dice.hits(4) ? [...good, { ...good[0], contractDigest }] : good;
    const marks = storable(dice.hits(12) ? ours : changedValue(ours, dice, ground.others));
    const marked = storable(dice.hits(4) ? mutatedValue(good.length, dice) : good.length);
    const edit = (): void => {
      const key = `chain#${held.chainId}|head`;
      const head = plane.dynamo.table(TABLES.state).get(key) ?? {};
      plane.dynamo.table(TABLES.state).set(key, { ...head, marks, marked });
    };
    if (dice.hits(4)) {
      return { to: "sweep", event: {}, edit, isDealtWith: true, undeserved: () => holding(ground) };
    }
    return {
      to: "execute",
      event: plane.redemption(held, held.handle),
      edit,
      undeserved: () => undeservedBeside(ground, marks),
    };
  },
};

/** What a table can hold: DynamoDB has no `undefined`, and the SDK reads no number beyond 2^53 − 1. */
const storable = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value ?? null, (_, each) =>
      typeof each === "number" && !Number.isSafeInteger(each) ? 0 : each,
    ),
  );

/** Records of whatever was made of the marks hold. */
function holding({ plane, held }: Ground): string | undefined {
  plane.state(held.chainId);
  return undefined;
}

function undeservedBeside({ held }: Ground, marks: unknown): string | undefined {
  if (!Array.isArray(marks)) return "what stands in the marks' place is none";
  const denied = (marks as readonly Lists[]).find(
    ({ contractDigest, identityId }) =>
      contractDigest === held.contractDigest || identityId === held.identityId,
  );
  const isLegible = (marks as readonly Lists[]).every(
    ({ at, code, contractDigest, identityId }) =>
      Number.isInteger(at) &&
      CODES.includes(String(code)) &&
      (contractDigest === undefined) !== (identityId === undefined),
  );
  return firstUnmet({
    "none denies it": denied === undefined,
    "each can be read": isLegible,
  });
}
