import { globSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "../../localstack/machine/paths.ts";

/** What tests need that an endpoint which a person named may not have. */
export interface Need {
  /** Glob of test files, from the repository's root. */
  readonly files: string;
  /** The tests of these files that need it; all without it. */
  readonly title?: RegExp;
  /** What is missing there, for the person who reads the summary. */
  readonly what: string;
}

const IAM = "identity, session, boundary and trust policies";
const TABLES = "resource policies of tables";

/** Skipped where `VAI_ALLOW_UNENFORCED` is `1`: the endpoint does not enforce what AWS does. */
const ENFORCEMENT: readonly Need[] = [
  { files: "test/local/wall/*.test.ts", what: IAM },
  { files: "test/local/iam-people.test.ts", what: IAM },
  { files: "test/local/session-policy-mutants.test.ts", what: IAM },
  { files: "test/local/evaluator-agrees.test.ts", what: IAM },
  { files: "test/local/real-clients.test.ts", what: IAM },
  { files: "test/local/protected-tables.test.ts", what: TABLES },
  { files: "test/local/edited-tables.test.ts", title: /not even an administrator/, what: TABLES },
  { files: "test/local/about.test.ts", what: IAM },
  {
    files: "test/local/actions-*.test.ts",
    title: /IAM lets its session|deployed (reader )?roles?|^VAI-78 ec2:TerminateInstances/,
    what: IAM,
  },
  { files: "test/local/doctor.test.ts", title: /each permission is needed/, what: IAM },
  { files: "test/local/function-url.test.ts", title: /is closed to who/, what: "Function URLs" },
  {
    files: "test/local/handles.test.ts",
    title: /a Function URL of its own/,
    what: "Function URLs",
  },
  {
    files: "test/local/secrets.test.ts",
    title: /kept, logged or answered/,
    what: "credentials that are secret",
  },
];

/** Skipped at every endpoint but our own: nobody else records calls or breaks on request. */
const FRONT_DOOR: readonly Need[] = [
  { files: "test/local/trail.test.ts", what: "a feed of all calls" },
  { files: "test/local/stack-permission-mutants.test.ts", what: "a feed of all calls" },
  { files: "test/local/faults.test.ts", what: "faults on request" },
];

/** The needs that an endpoint of this environment cannot meet, by absolute path of the test file. */
export function unmetNeeds(environment: NodeJS.ProcessEnv): ReadonlyMap<string, readonly Need[]> {
  if (!environment["AWS_ENDPOINT_URL"]) return new Map();
  const isOpen = environment["VAI_ALLOW_UNENFORCED"] === "1";
  const unmet = new Map<string, Need[]>();
  for (const need of [...FRONT_DOOR, ...(isOpen ? ENFORCEMENT : [])]) {
    for (const file of globSync(need.files, { cwd: REPOSITORY_ROOT })) {
      const path = join(REPOSITORY_ROOT, file);
      unmet.set(path, [...(unmet.get(path) ?? []), need]);
    }
  }
  return unmet;
}

/** The sentence over what was skipped, for the end of a run: `what` of each skipped test. */
export function skippedSummary(skipped: readonly string[]): string {
  const counts = Map.groupBy(skipped, (what) => what);
  const parts = [...counts].map(([what, tests]) => `${what} (${tests.length})`);
  return `skipped ${skipped.length} checks that this endpoint cannot enforce: ${parts.join(", ")}`;
}
