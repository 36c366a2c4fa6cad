import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { callVai } from "./vai.ts";

/** Whose keys a local deployment has, in the order of `PROTOCOL.md` §7. */
export const KEY_NAMES = [
  "issuer",
  "decider",
  "agent",
  "operator",
  "operator2",
  "signaller",
  "approver",
  "approver2",
  "auditor",
  "evaluator",
  "evaluatorHuman",
  "evaluatorRisk",
  "evaluatorPolicy",
  "anchor",
] as const;

/** Agents to whom authority can be handed on (`keys.delegates`, in this order). */
export const DELEGATE_KEYS = ["delegate", "delegate2"] as const;

/** One of the names above. */
export type KeyName = (typeof KEY_NAMES | typeof DELEGATE_KEYS)[number];

/** A public key as a JWK: only its public members. */
export type PublicJwk = Readonly<Record<string, string>>;

/** A key that was made: its private half is in the file, mode 600. */
export interface MadeKey {
  /** Absolute path of the private JWK. */
  readonly file: string;
  /** RFC 7638 SHA-256 thumbprint, base64url. */
  readonly thumbprint: string;
  readonly publicKey: PublicJwk;
}

/** Makes one private JWK in a file that does not exist. */
export type KeyMaker = (
  file: string,
  signal?: AbortSignal,
) => Promise<{ readonly thumbprint: string; readonly publicKey: PublicJwk }>;

/** The key maker that people use: `vai keys new FILE --json`. */
export const vaiKey: KeyMaker = async (file, signal) =>
  (await callVai(["keys", "new", file, "--json"], { signal })) as Awaited<ReturnType<KeyMaker>>;

/** Makes all keys anew in `folder`; those of an earlier start are removed. */
export async function makeKeys(
  folder: string,
  make: KeyMaker = vaiKey,
  signal?: AbortSignal,
): Promise<Readonly<Record<KeyName, MadeKey>>> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const made = await Promise.all(
    [...KEY_NAMES, ...DELEGATE_KEYS].map(async (name) => {
      const file = join(folder, `${name}.json`);
      return [name, { file, ...(await make(file, signal)) }] as const;
    }),
  );
  return Object.fromEntries(made) as Record<KeyName, MadeKey>;
}
