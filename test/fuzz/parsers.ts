import { Dice } from "./dice.ts";
import { type Fuzzer, fuzz } from "./fuzzer.ts";
import { changeProblem, Ground, writtenSince } from "./ground.ts";
import { refusalProblem } from "./judge-answer.ts";
import { command, cosignature, eventbridge } from "./subjects/command.ts";
import { contract, decision } from "./subjects/contract.ts";
import { chained, delegation, withdrawal } from "./subjects/delegation.ts";
import { approval, attestation } from "./subjects/people.ts";
import { LEAKED_SECRET, policy } from "./subjects/policy.ts";
import { mark, restrictions } from "./subjects/stored.ts";
import type { Asked, Subject } from "./subjects/subject.ts";
import { bodyOf, SECRET, url } from "./subjects/url.ts";

/** Every parser and verifier of what comes from outside or lies in a table, by name. */
const SUBJECTS = {
  contract,
  decision,
  command,
  cosignature,
  attestation,
  approval,
  delegation,
  withdrawal,
  chained,
  restrictions,
  mark,
  eventbridge,
  url,
  policy,
} as const satisfies Record<string, Subject>;

const SECRETS = [SECRET, LEAKED_SECRET];

/**
 * Feeds one of them through the whole function that it belongs to. What is refused is refused by a code of the closed
 * list, points into what was sent, says no secret and leaves nothing but its own records; what is accepted deserved it,
 * by a plain reading of what was signed.
 */
const fuzzerOf = (subject: Subject): Fuzzer => ({
  about: subject.about,
  async run(seed, inputs, isOver) {
    const ground = await Ground.open();
    return fuzz(
      inputs,
      async (input) => {
        const asked = subject.ask(ground, new Dice(seed * 1_000_003 + input));
        const problem = await judged(ground, asked).catch((error: unknown) => {
          ground.restore();
          throw error;
        });
        return problem && `${problem} ${JSON.stringify(asked.event)?.slice(0, 300)}`;
      },
      isOver,
    );
  },
});

async function judged(ground: Ground, asked: Asked): Promise<string | undefined> {
  if (asked.edit !== undefined) {
    await asked.edit();
    ground.plane.deps = ground.plane.process();
  }
  const before = ground.tables();
  const { answer, said, event } = await answered(ground, asked);
  const written = writtenSince(before, ground);
  const told = [said, ...written].join("\n");
  const problem = SECRETS.some((secret) => told.includes(secret)) ? "says a secret" : verdict();
  const isAsItWas = asked.edit === undefined && !isAccepted(answer);
  if (!isAsItWas || problem !== undefined) ground.restore();
  return problem;

  function unbound(): string | undefined {
    const why = asked.unbindable === undefined ? "nothing was to be bound" : asked.unbindable();
    return why && `bound, and not so: ${why}`;
  }

  function verdict(): string | undefined {
    if (asked.isDealtWith === true || isAccepted(answer)) {
      const why = asked.undeserved(answer);
      return why && `accepted, and not so: ${why}`;
    }
    return (
      refusalProblem(answer as Parameters<typeof refusalProblem>[0], event, asked.expected) ??
      changeProblem(before, ground.tables()) ??
      (written.some((record) => record.includes('"ContractBound"')) ? unbound() : undefined)
    );
  }
}

/** Granted or done; a denial that stands and did not reach IAM is done too. */
const isAccepted = (answer: object): boolean =>
  ("ok" in answer && answer.ok === true) || "state" in answer;

interface Answered {
  readonly answer: object;
  /** Everything that left the function: its answer, and its log. */
  readonly said: string;
  /** What the answer's pointer points into. */
  readonly event: unknown;
}

async function answered(ground: Ground, { to, event, isServed }: Asked): Promise<Answered> {
  if (isServed !== true || to === "govern" || to === "sweep") {
    const answer = await ground.ask(to, event);
    return { answer, said: JSON.stringify(answer), event };
  }
  const { answer, lines } = await ground.serve(to, event);
  const said = `${JSON.stringify(answer)}${lines.join("\n")}`;
  const plain = plainAnswer(answer);
  if (lines.length !== 1) throw new Error(`${lines.length} lines of log`);
  return { answer: plain, said, event: bodyOf(event) };
}

const STATUSES: readonly unknown[] = [200, 400, 403, 409, 503];

function plainAnswer(answer: unknown): object {
  const { statusCode, body } = answer as { readonly statusCode?: unknown; readonly body?: unknown };
  if (statusCode === undefined) return answer as object;
  if (!STATUSES.includes(statusCode)) throw new Error(`status ${statusCode}`);
  return JSON.parse(String(body));
}

export const PARSER_FUZZERS = Object.fromEntries(
  Object.entries(SUBJECTS).map(([name, subject]) => [name, fuzzerOf(subject)]),
) as Readonly<Record<keyof typeof SUBJECTS, Fuzzer>>;
