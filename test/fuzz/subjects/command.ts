import { canonicalize } from "../../../lib/encoding/canonical-json.ts";
import { KEYS, type KeyName } from "../../support/keys.ts";
import { PLANE } from "../../support/trust.ts";
import type { Dice } from "../dice.ts";
import type { Ground } from "../ground.ts";
import { mutatedValue } from "../mutations.ts";
import { firstUnmet, type PlainJws, plainJws } from "../plain.ts";
import { changedValue, claimsOf, mutatedSigned, type Signed, sign } from "../signed.ts";
import type { Asked, Subject } from "./subject.ts";

/** Who speaks for which name (test/support/trust.ts). */
const OPERATORS = { operator: "olga", otherOperator: "otto", signaller: "monitor" } as const;
const SPEAKERS = Object.keys(OPERATORS) as (keyof typeof OPERATORS)[];
const SECONDS: Readonly<Record<string, string>> = { ...OPERATORS, auditor: "anna" };

/** The members that each verb has, and whether it needs two names. */
const VERBS: Readonly<
  Record<string, { readonly own: readonly string[]; readonly isLift: boolean }>
> = {
  revokeIdentity: { own: ["identityId"], isLift: false },
  revokeContract: { own: ["contractDigest"], isLift: false },
  revokeDelegation: { own: ["contractDigest", "block"], isLift: false },
  signal: { own: ["contractDigest", "kind"], isLift: false },
  haltActor: { own: ["actorId"], isLift: false },
  haltPlane: { own: [], isLift: false },
  revokeKey: { own: ["jkt"], isLift: false },
  revokePlaneKey: { own: ["jkt"], isLift: false },
  reinstateActor: { own: ["actorId"], isLift: true },
  reinstateKey: { own: ["jkt"], isLift: true },
  liftQuarantine: { own: ["path"], isLift: true },
  resumePlane: { own: [], isLift: true },
};
const SHARED = ["aud", "do", "exp", "iat", "iss", "jti", "reason"];

interface Order extends Record<string, unknown> {
  readonly do: string;
}

/** Good claims of a verb, about what this ground has. */
function ordersOf({ held }: Ground): readonly Order[] {
  const { contractDigest, identityId } = held;
  const jkt = KEYS.stranger.thumbprint;
  return [
    ...[
      { do: "revokeIdentity", identityId },
      { do: "revokeContract", contractDigest },
    ],
    { do: "signal", kind: "risk", contractDigest },
    ...[{ do: "haltActor", actorId: "somebody" }, { do: "haltPlane" }],
    ...[
      { do: "revokeKey", jkt },
      { do: "revokePlaneKey", jkt },
    ],
    ...[{ do: "reinstateActor", actorId: "somebody" }, { do: "resumePlane" }],
    { do: "liftQuarantine", path: "arn:aws:iam::000000000000:role/exec-lambda" },
  ];
}

interface Spoken {
  readonly command: Signed;
  /** Of the second name, where one is needed. */
  readonly cosign: Signed | undefined;
  readonly isLift: boolean;
}

function spoken(ground: Ground, dice: Dice, orders = ordersOf(ground)): Spoken {
  const order = dice.pick(orders);
  const isLift = VERBS[order.do]?.isLift === true;
  const signer = dice.hits(4) ? dice.pick(SPEAKERS) : "operator";
  const claims = claimsOf(ground.plane.command({ ...order, iss: OPERATORS[signer] }));
  const command: Signed = { typ: "vai-command+jwt", claims, signer };
  const needsTwo = isLift || order.do === "revokePlaneKey";
  const second: KeyName = dice.hits(2) ? "otherOperator" : "auditor";
  return { command, cosign: needsTwo ? { ...command, signer: second } : undefined, isLift };
}

/** Why a command should not have had an effect: who may say what, once more (PROTOCOL.md §10). */
function undeservedCommand(
  { plane }: Ground,
  isToGovern: boolean,
  command: unknown,
  cosign: unknown,
): string | undefined {
  const read = plainJws(command, "vai-command+jwt", SPEAKERS);
  if (read === undefined) return "no operator has signed this command";
  const { claims } = read;
  const verb = VERBS[String(claims["do"])];
  const now = Math.floor(plane.world.now / 1000);
  const [iat, exp] = [Number(claims["iat"]), Number(claims["exp"])];
  const own = [...SHARED, ...(verb?.own ?? [])].sort();
  return firstUnmet({
    "its signer is who it says": OPERATORS[read.signer as keyof typeof OPERATORS] === claims["iss"],
    "its signer may say it": read.signer !== "signaller" || claims["do"] === "signal",
    "this function knows the verb": verb?.isLift === isToGovern,
    "it has these members": canonicalize(Object.keys(claims).sort()) === canonicalize(own),
    "it is for this plane": claims["aud"] === PLANE,
    "it is of now": iat <= now + 60 && now < exp && exp - iat <= 300 && exp > iat,
    "another name says the same": !needsTwoNames(claims["do"]) || isSecond(read, cosign),
  });
}

const needsTwoNames = (verb: unknown): boolean =>
  VERBS[String(verb)]?.isLift === true || verb === "revokePlaneKey";

function isSecond({ claims, input }: PlainJws, cosign: unknown): boolean {
  const names = Object.keys(SECONDS) as KeyName[];
  const second = plainJws(cosign, "vai-command+jwt", names);
  const said = (text: string | undefined): string | undefined => text?.split(".")[1];
  return (
    second !== undefined &&
    said(second.input) === said(input) &&
    SECONDS[second.signer] !== claims["iss"] &&
    second.signer !== "signaller"
  );
}

/** The event of `revoke`, or of `govern`. */
const eventOf = (isLift: boolean, command: unknown, cosign: unknown): object => ({
  ...(isLift && { op: "command" }),
  command,
  ...(cosign !== undefined && { cosign }),
});

export const command: Subject = {
  about: "commands to revoke and govern: what has an effect was said by an operator who may say it",
  ask(ground, dice): Asked {
    const { command: good, cosign, isLift } = spoken(ground, dice);
    const mutant = mutatedSigned(good, dice, ground.others);
    // The second name mostly says the same, whatever that is.
    const same = typeof mutant === "string" && cosign !== undefined && !dice.hits(4);
    const second = same ? recosigned(mutant, cosign) : cosign && sign(cosign);
    const isToGovern = dice.hits(8) ? !isLift : isLift;
    return {
      to: isToGovern ? "govern" : "revoke",
      event: eventOf(isToGovern, mutant, second),
      undeserved: () => undeservedCommand(ground, isToGovern, mutant, second),
    };
  },
};

/** The payload of a compact JWS, byte for byte, signed by another name. */
function recosigned(compact: string, { typ, signer }: Signed): string {
  const { thumbprint, jwk } = KEYS[signer];
  const alg = jwk.kty === "EC" ? "ES256" : "EdDSA";
  const header = Buffer.from(JSON.stringify({ alg, kid: thumbprint, typ })).toString("base64url");
  const input = `${header}.${compact.split(".")[1] ?? ""}`;
  return `${input}.${Buffer.from(KEYS[signer].sign(Buffer.from(input))).toString("base64url")}`;
}

export const cosignature: Subject = {
  about:
    "cosignatures of what needs two names: none counts but another name's, over the same bytes",
  ask(ground, dice): Asked {
    const twofold = ordersOf(ground).filter((order) => needsTwoNames(order.do));
    const { command: good, cosign = good, isLift } = spoken(ground, dice, twofold);
    const compact = sign(good);
    const mutant = dice.hits(6) ? compact : mutatedSigned(cosign, dice, ground.others);
    return {
      to: isLift ? "govern" : "revoke",
      event: eventOf(isLift, compact, mutant),
      undeserved: () => undeservedCommand(ground, isLift, compact, mutant),
    };
  },
};

export const eventbridge: Subject = {
  about: "events of EventBridge around a command: only the command in their detail counts",
  ask(ground, dice): Asked {
    const { command: good, cosign } = spoken(
      ground,
      dice,
      ordersOf(ground).filter((order) => VERBS[order.do]?.isLift === false),
    );
    const detail = eventOf(false, sign(good), cosign && sign(cosign));
    const whole = {
      ...{ version: "0", id: ground.plane.world.newId(), "detail-type": "vai-command" },
      ...{ source: "monitoring.example", account: "000000000000", region: "us-east-1" },
      ...{ time: "2026-05-05T04:00:12Z", resources: [], detail },
    };
    const mutant = dice.hits(3)
      ? { ...whole, detail: changedValue(detail, dice, ground.others) }
      : changedValue(whole, dice, ground.others);
    const event = dice.hits(4) ? mutatedValue(mutant, dice) : mutant;
    const undeserved = () => {
      const members = event as Readonly<Record<string, unknown>>;
      const inside = ("detail-type" in members ? members["detail"] : members) as Readonly<
        Record<string, unknown>
      >;
      return undeservedCommand(ground, false, inside["command"], inside["cosign"]);
    };
    return { to: "revoke", event, undeserved };
  },
};
