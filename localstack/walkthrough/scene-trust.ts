import { settingDraft, shiftDraft, writeDraft } from "./drafts.ts";
import type { PlayStage, Scene } from "./stage.ts";

/** Whom the plane believes. */
export const trustScene: Scene = {
  title: "Whom the plane believes",
  headline: "One document, signed by a key pinned at deployment, names every voice that counts.",
  async play({ vai, step, outputs }) {
    await step({
      id: "trust",
      title: "An auditor reads who may sign contracts and decisions, and what may be run at all.",
      command: vai.line(["trust", "show"]),
      expected: `signed by ${outputs.anchor}`,
      run: async () => {
        const { text } = await vai.run(["trust", "show"]);
        const lines = text.split("\n");
        const signer = lines.find((line) => line.startsWith("signed by"))?.replace(/ +/g, " ");
        const told = lines.filter((line) => /^(issuers|deciders|action) /.test(line));
        return { seen: signer ?? "unsigned", detail: "the anchor", lines: told, value: undefined };
      },
    });
  },
};

/** What the agent is allowed, and how IAM is told. */
export const contractScene: Scene = {
  title: "What the agent may do",
  headline: "Governance signs a contract; from it, and nothing else, follows what IAM will allow.",
  async play(stage) {
    const { work, outputs } = stage;
    const draft = writeDraft(work, "shift.draft.json", shiftDraft(outputs, 600));
    const lines = draft.filter((line) => /^(resources|parameters|limits|window):/.test(line));
    const title = "Governance signs: this agent, this function, at most 10 %, for ten minutes.";
    await sign(stage, { name: "shift", title, lines });
    writeDraft(work, "setting.draft.json", settingDraft(outputs));
    await sign(stage, { name: "setting", title: "Governance signs: one setting, two values." });
    await showPolicy(stage);
  },
};

interface Signing {
  readonly name: string;
  readonly title: string;
  readonly lines?: readonly string[];
}

/** Signs `<name>.draft.json` to `<name>.json`. @returns the contract's intent. */
export function sign(
  { vai, step }: PlayStage,
  { name, title, lines = [] }: Signing,
): Promise<string> {
  const args = ["contract", "sign", `${name}.draft.json`, "--out", `${name}.json`, "--json"];
  return step({
    id: `sign-${name}`,
    title,
    command: vai.line(args),
    expected: "signed",
    run: async () => {
      const { contractDigest, intentId } = await vai.json<Record<string, string>>(args);
      const seen = /^sha256:[0-9a-f]{64}$/.test(contractDigest ?? "") ? "signed" : "not signed";
      return { seen, detail: contractDigest ?? "", lines, value: intentId ?? "" };
    },
  });
}

/** What `vai policy --json` prints. */
export interface Policy {
  readonly sessionPolicy: { readonly Version: string; readonly Statement: readonly object[] };
  readonly size: number;
  readonly limit: number;
  readonly enforcement: readonly { readonly constraint: string; readonly enforcedBy: string[] }[];
}

function showPolicy({ vai, step }: PlayStage): Promise<void> {
  const args = ["policy", "shift.json", "--json"];
  return step({
    id: "policy",
    title: "What IAM will be told for this contract, and who holds each line of it.",
    command: vai.line(args),
    expected: "every constraint is enforced, the policy fits",
    run: async () => {
      const { sessionPolicy, size, limit, enforcement } = await vai.json<Policy>(args);
      const all = enforcement.length > 0 && enforcement.every((each) => each.enforcedBy.length > 0);
      const seen = `${all ? "every" : "not every"} constraint is enforced, the policy ${size <= limit ? "fits" : "is too long"}`;
      const statements = sessionPolicy.Statement.map((statement) => JSON.stringify(statement));
      const detail = `${size} of ${limit} characters`;
      return { seen, detail, lines: [...statements, ...mapLines(enforcement)], value: undefined };
    },
  });
}

/** The enforcement map, a line for each set of enforcers; the step's own pointers are shortened. */
function mapLines(enforcement: Policy["enforcement"]): string[] {
  const groups = Map.groupBy(enforcement, ({ enforcedBy }) => enforcedBy.join(" + "));
  return [...groups].map(([enforcers, entries]) => {
    const pointers = entries.map(({ constraint }) =>
      constraint.replace("/authorization_details/0/", "…/"),
    );
    return `held by ${enforcers}: ${pointers.join(" ")}`;
  });
}
