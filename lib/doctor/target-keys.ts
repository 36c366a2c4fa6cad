import * as z from "zod";
import { keyOf, type TargetKeys } from "../actions/target-keys.ts";
import type { Inspector } from "../aws/inspect/inspect.ts";
import type { TargetEncryption } from "../aws/inspect/target-encryption.ts";
import { ENV } from "../config.ts";
import { about, type Finding, REPAIR } from "./finding.ts";

const DEPLOY = 'and deploy (infra/README.md, "Encrypted targets")';

/** Whether every target that the functions serve lies under the key that they were told, or under none. */
export async function checkTargetKeys(
  see: Pick<Inspector, "targetEncryption">,
  environment: Readonly<Record<string, string>>,
): Promise<readonly Finding[]> {
  const told = readTold(environment);
  if (told === undefined) {
    const message = `${ENV.targets} and ${ENV.targetKeys} of the functions cannot be read`;
    return [about("encryption of the targets").problem(message, REPAIR)];
  }
  const { all, named } = told;
  const judged = await Promise.all(
    all.map(async (target) => judgeTargetKey(target, await see.targetEncryption(target), named)),
  );
  const found = judged.filter((each) => each !== undefined);
  return all.length === 0 || found.length > 0
    ? found
    : [about("encryption of the targets").ok("the functions know every key that it needs")];
}

function readTold(environment: Readonly<Record<string, string>>) {
  const { [ENV.targets]: targets = "{}", [ENV.targetKeys]: keys = "{}" } = environment;
  try {
    const byFamily = z.record(z.string(), z.array(z.string())).parse(JSON.parse(targets));
    const named: TargetKeys = z.record(z.string(), z.string()).parse(JSON.parse(keys));
    return { all: Object.values(byFamily).flat(), named };
  } catch {
    return undefined;
  }
}

/**
 * One target's encryption against what the functions were told. Without its key AWS denies every call on it; with
 * another, too, and sessions may use a key that nobody needs.
 */
export function judgeTargetKey(
  target: string,
  seen: TargetEncryption,
  keys: TargetKeys,
): Finding | undefined {
  const subject = about(`target ${target}`);
  if (seen.status === "absent") return subject.unseen("there is no such target to look at");
  if (seen.status === "unseen") return subject.unseen(seen.why);
  const [key, ...others] = seen.value;
  const named = keyOf(target, keys);
  if (key === named && others.length === 0) return undefined;
  if (key === undefined) {
    return subject.problem(
      `needs no key, and targetKeys name ${named}: sessions may use a key for nothing`,
      `take it out of targetKeys ${DEPLOY}`,
    );
  }
  if (others.length > 0) {
    return subject.problem(
      `lies under several keys: ${seen.value.join(", ")}; targetKeys name one at most`,
      "bring its disks under one key, or take it out of targets",
    );
  }
  const why = named === undefined ? "targetKeys do not name it" : `targetKeys name ${named}`;
  // Whether it is opened to be started, or only to be stopped, which needs no key, its ARN does not say.
  return /:ec2:/.test(target) && named === undefined
    ? {
        ...subject.unseen(`has a disk under ${key}, and ${why}: it can be stopped, not started`),
        next: `if ec2:StartInstances is opened for it, add it to targetKeys ${DEPLOY}; else all is well`,
      }
    : subject.problem(
        `lies under ${key}, and ${why}: AWS denies every call on it`,
        `put "${target}": "${key}" into targetKeys ${DEPLOY}`,
      );
}
