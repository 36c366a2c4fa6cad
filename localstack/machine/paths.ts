import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** Absolute path of the folder `localstack/`. */
export const LOCALSTACK_FOLDER = dirname(dirname(fileURLToPath(import.meta.url)));

/** Absolute path of the repository's root. */
export const REPOSITORY_ROOT = dirname(LOCALSTACK_FOLDER);

/** Absolute paths of everything that one running local AWS keeps on disk. */
export interface StateFolder {
  readonly folder: string;
  /** Pids with start times of what runs; see `processes.ts`. */
  readonly processes: string;
  readonly emulatorLog: string;
  readonly frontDoorLog: string;
  /** Every call through the front door, a CloudTrail record a line; the one before it ends with .1. */
  readonly trail: string;
  /** Endpoint and token of the front door's control paths. */
  readonly control: string;
  readonly deployLog: string;
  /** The emulator's own data, temporary files and home. Nothing in it outlives the emulator. */
  readonly scratch: string;
  /** Private keys of the people and services of the local deployment. */
  readonly keys: string;
  readonly deployment: string;
  readonly cdkOut: string;
  readonly stackOutputs: string;
  readonly policy: string;
  readonly trustPolicyDraft: string;
  /** What a client needs, in any language. Written last: where it exists, the start was complete. */
  readonly outputs: string;
}

/**
 * The state folder that counts: the argument, else `VAI_STATE_DIR` (relative to the repository
 * root), else `localstack/.state`. Two folders are two local clouds that do not know each other.
 */
export function stateFolder(chosen?: string): StateFolder {
  const named = chosen ?? process.env["VAI_STATE_DIR"] ?? join("localstack", ".state");
  const folder = isAbsolute(named) ? named : resolve(REPOSITORY_ROOT, named);
  return {
    folder,
    processes: join(folder, "processes.json"),
    emulatorLog: join(folder, "emulator.log"),
    frontDoorLog: join(folder, "front-door.log"),
    trail: join(folder, "trail.jsonl"),
    control: join(folder, "control.json"),
    deployLog: join(folder, "deploy.log"),
    scratch: join(folder, "scratch"),
    keys: join(folder, "keys"),
    deployment: join(folder, "deployment.json"),
    cdkOut: join(folder, "cdk.out"),
    stackOutputs: join(folder, "stack-outputs.json"),
    policy: join(folder, "baseline.policy.txt"),
    trustPolicyDraft: join(folder, "trust-policy.draft.json"),
    outputs: join(folder, "outputs.json"),
  };
}

/** A path relative to the repository's root, with `/`. */
export function fromRoot(path: string): string {
  return relative(REPOSITORY_ROOT, path).split(sep).join("/");
}

/** A path as a message shows it: from the root when it lies in the repository, else absolute. */
export function shownPath(path: string): string {
  const relativePath = fromRoot(path);
  return relativePath.startsWith("..") ? path : relativePath;
}
