import { LocalAwsError } from "./errors.ts";
import { run } from "./run.ts";

/** Interpreters that are tried, in this order. */
export const PYTHON_NAMES = [
  "python3.13",
  "python3.12",
  "python3.11",
  "python3.10",
  "python3",
] as const;

const OLDEST = [3, 10] as const;
const PROBE = [
  "import sys, json",
  "try:",
  "  import venv, ensurepip",
  "  able = True",
  "except ImportError:",
  "  able = False",
  "print(json.dumps([sys.executable, list(sys.version_info[:3]), able]))",
].join("\n");

/** A Python that can make environments. */
export interface Python {
  /** Absolute path of the interpreter. */
  readonly path: string;
  /** Such as `3.11.7`. */
  readonly version: string;
}

/**
 * The first of `names` that runs, is at least 3.10 and has the `venv` module.
 * @throws LocalAwsError that lists what was found and what to install
 */
export async function findPython(names: readonly string[] = PYTHON_NAMES): Promise<Python> {
  const refused: string[] = [];
  for (const name of names) {
    const found = await probe(name);
    if (found === undefined) continue;
    const [path, version, able] = found;
    const text = version.join(".");
    if (isOld(version)) refused.push(`${name} is ${text}, too old`);
    else if (!able) refused.push(`${name} ${text} has no venv module`);
    else return { path, version: text };
  }
  throw new LocalAwsError(
    "The local AWS needs Python 3.10 or later with its venv module; " +
      `${refused.length > 0 ? refused.join("; ") : "no Python was found on the PATH"}. ` +
      "Install it (Debian, Ubuntu: apt install python3 python3-venv; Fedora: dnf install python3; " +
      "macOS: brew install python@3.13), then run the same command again.",
  );
}

type Probed = [path: string, version: [number, number, number], able: boolean];

async function probe(name: string): Promise<Probed | undefined> {
  // A version manager's shim may exist and refuse to run: that counts as not there.
  const result = await run(name, ["-I", "-c", PROBE], { timeout: 20_000 }).catch(() => undefined);
  if (result?.code !== 0) return undefined;
  try {
    return JSON.parse(result.stdout) as Probed;
  } catch {
    return undefined;
  }
}

function isOld([major, minor]: readonly [number, number, number]): boolean {
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}
