import { type CallProblem, callProblem } from "../aws/people/call-problem.ts";
import type { ClientPlace } from "../aws/ports/clients.ts";
import { Fault } from "../refusal.ts";
import { CommandError, EXIT, type ExitCode, type Io } from "./io.ts";

/**
 * Makes a person's call. What goes wrong is told with where it went, as whom, and what AWS said: a wrong secret, user,
 * region or name must not look like a machine that is down.
 * @throws {CommandError}; what is no call's error, as it is.
 */
export async function asCaller<T>(
  { environment }: Pick<Io, "environment">,
  place: ClientPlace,
  call: () => Promise<T>,
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toldOf(error, place, environment);
  }
}

function toldOf(error: unknown, place: ClientPlace, environment: Io["environment"]): unknown {
  const problem = callProblem(error);
  const isNoAnswer = error instanceof Fault && error.code === "DEPENDENCY_UNAVAILABLE";
  if (problem === undefined && !isNoAnswer) return error;
  const what = error instanceof Fault ? error.message.replace(/ failed: \w+$/, "") : "the call";
  const where = `at ${endpointOf(place, environment)} as ${identityOf(place, environment)}`;
  if (problem === undefined) {
    return new CommandError(EXIT.unreachable, `${what} (${where}); ask again for the same`);
  }
  const { said = "" } = problem;
  const line = `${what} ${where}: ${wordOf(problem)}${said === "" ? "" : `: ${said.slice(0, LONGEST)}`}`;
  return new CommandError(exitOfCall(problem), `${line}; ${adviceOn(problem, place)}`);
}

/** Characters of what AWS wrote. */
const LONGEST = 400;

/** How a command ends whose call failed, where nobody said as whom it was made. */
export const exitOfCall = ({ kind }: CallProblem): ExitCode => EXIT_OF[kind];

export function wordOf({ kind, name, status }: CallProblem): string {
  if (kind === "noCredentials") return "there are no AWS credentials to call with";
  if (status === undefined) return `nobody answers (${name})`;
  if (kind === "unreachable") return `what answers there is not AWS (HTTP ${status})`;
  return `AWS answered ${name} (HTTP ${status})`;
}

const EXIT_OF: Readonly<Record<CallProblem["kind"], ExitCode>> = {
  unreachable: EXIT.unreachable,
  busy: EXIT.unreachable,
  noCredentials: EXIT.unreadable,
  unaccepted: EXIT.no,
  denied: EXIT.no,
  absent: EXIT.no,
  refused: EXIT.no,
};

function adviceOn({ kind }: CallProblem, { endpoint, region, profile }: ClientPlace): string {
  const isLocal = endpoint !== undefined;
  switch (kind) {
    case "unreachable":
      return isLocal
        ? 'is the local AWS up? "npm run local:status" says so; each start may take another port'
        : `check the region ${region} and the network`;
    case "busy":
      return "wait a little and ask again for the same";
    case "noCredentials":
      return profile === undefined
        ? "name a profile, for example by AWS_PROFILE, or set them in the environment"
        : `is there a profile ${profile}, and are you signed in with it? aws configure list-profiles names those that are there`;
    case "unaccepted":
      return isLocal
        ? "key, secret or clock are wrong: each start of the local AWS makes new keys, so read its outputs.json anew"
        : "the key is not known, its secret is wrong, the session has ended, or this machine's clock is wrong: sign in again";
    case "denied":
      return "this identity lacks the permission (infra/README.md says which managed policy of the stack has it), or a name or the region in the outputs file is not the plane's: IAM does not tell them apart";
    case "absent":
      return `is it the right account, region (${region}) and name? They come from the file of --outputs or VAI_OUTPUTS`;
    case "refused":
      return "nothing was done";
  }
}

const endpointOf = ({ endpoint, region }: ClientPlace, environment: Io["environment"]): string => {
  const url = endpoint ?? environment["AWS_ENDPOINT_URL"];
  return url === undefined ? `AWS in ${region}` : `${url} (region ${region})`;
};

/**
 * Who called, as far as it is known without another call. Of a key's id its last four characters, as `aws configure
 * list` shows them: enough to find the key, and too little for whoever reads a log that was shared.
 */
function identityOf({ credentials, profile }: ClientPlace, environment: Io["environment"]): string {
  const named = profile ?? environment["AWS_PROFILE"];
  const key = credentials?.accessKeyId ?? environment["AWS_ACCESS_KEY_ID"];
  if (credentials !== undefined) return `${keyWords(key)} of the outputs file`;
  if (named !== undefined) return `profile ${named}`;
  return key === undefined ? "whom the AWS SDK finds here" : `${keyWords(key)} of the environment`;
}

const keyWords = (id = ""): string => `access key ****${id.slice(-4)}`;
