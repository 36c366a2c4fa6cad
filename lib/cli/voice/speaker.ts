import type { SigningKey } from "../../encoding/jws.ts";
import { keyOf } from "../commands/contract.ts";
import type { Deployment } from "../deployment.ts";
import { readJson } from "../files.ts";
import { CommandError, EXIT, type Io } from "../io.ts";
import { type TrustAtHand, trustAtHand } from "../trust-at-hand.ts";
import type { VoiceOptions } from "./options.ts";

/** Who speaks: the name in the trust policy. @throws {CommandError} where nobody said it. */
export function nameOf(
  { names }: Pick<Deployment, "names">,
  role: string,
  given: string | undefined,
): string {
  const name = given ?? names?.[role];
  if (name === undefined) throw new CommandError(EXIT.unreadable, "give --as NAME");
  return name;
}

/**
 * The key of whoever speaks. The local AWS's own key is of its own name alone: under another name it would say what that
 * name never said. @throws {CommandError}.
 */
export function speakerKey(
  deployment: Deployment,
  role: string,
  { as, key }: Pick<VoiceOptions, "as" | "key">,
): SigningKey {
  const known = as === undefined ? role : roleNamed(deployment, as);
  return keyOf(deployment, known ?? "nobody", key);
}

/** Which of the deployment's own parties has a name. */
const roleNamed = ({ names = {} }: Pick<Deployment, "names">, as: string): string | undefined =>
  Object.keys(names).find((role) => names[role] === as);

/** The trust policy that what is signed is verified by, as a person gave it or as it is published. */
export const trustFor = (
  io: Io,
  deployment: Deployment,
  { policy, profile }: Pick<VoiceOptions, "policy" | "profile">,
  now: number,
): Promise<TrustAtHand> =>
  trustAtHand(io, deployment, {
    ...{ draft: policy === undefined ? undefined : readJson(policy), now },
    profile,
  });
