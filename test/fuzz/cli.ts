import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommandError, EXIT } from "../../lib/cli/io.ts";
import { runCli } from "../../lib/cli/program.ts";
import { answersOf, writeSeeds } from "./cli-seeds.ts";
import { Dice } from "./dice.ts";
import { type Fuzzer, fuzz } from "./fuzzer.ts";
import { HOSTILE_TEXTS, mutatedFile, mutatedValue } from "./mutations.ts";

const DOCUMENTED: ReadonlySet<number> = new Set(Object.values(EXIT));

/** What no output may hold: see lib/cli/visible.ts, of which this is another spelling. */
const OBEYED = /[^\P{Cc}\n]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

const INTENT = "0198c7d2-0000-7000-8000-000000000001";

/** Command lines; `@name` is a file of the seeds, `+name` one that may be written. */
const COMMANDS: readonly string[] = [
  "verify @export --anchor $anchor",
  "verify @export --json",
  "verify @export --anchor $anchor --plane $plane --whole --intent $intent",
  "trace $intent --from @export --anchor $anchor",
  "trace $intent --from @export --json",
  "trace $intent --anchor-key @anchor.json",
  "trace $intent --anchor-key @anchor.json --json",
  "identity $identity --from @export --anchor $anchor",
  "identity $identity --from @export --json",
  "identity $identity --anchor-key @anchor.json",
  "metrics --from @export --anchor $anchor --since 2026-05-05T00:00:00Z",
  "metrics --anchor-key @anchor.json --days 3 --json",
  "export +evidence --anchor-key @anchor.json --intent $intent",
  "policy @held.json --anchor-key @anchor.json",
  "policy @held.json --anchor-key @anchor.json --set percent=10 --json",
  "issue @held.json --set percent=10",
  "issue @held.json --set percent=10 --save-event +event.json --json",
  "issue @held.json --delivery handle --out +handle.json",
  "issue @event.json --event",
  "issue @held.json --key @agent.json --idempotency-key k --step shift",
  "issue @chain.json --set payload/amount=1 --set payload/clientToken=ref-1",
  "delegate @held.json --draft @handing.json --out +next.json",
  "delegate @chain.json --draft @handing.json --out +next.json --json --idempotency-key k",
  "delegate @held.json --draft @handing.json --ask +asked.json",
  "delegate @asked.json --out +next.json --key @agent.json",
  "withdraw @held.json --block @chain.json",
  "withdraw @chain.json --block $digest --json",
  "chain show @chain.json",
  "chain show @chain.json --json",
  "chain verify @chain.json --thumbprint $anchor",
  "chain verify @chain.json --anchor-key @anchor.json --json",
  "chain verify @chain.json --from @export --anchor $anchor --intent $intent",
  "approve @asked.json --policy @trust.json --show",
  "approve @asked.json --policy @trust.json --as ada --key @agent.json --out +yes.json --json",
  "execute @handle.json",
  "execute @handle.json --set percent=10 --json --force",
  "execute @event.json --event --save-event +event.json",
  "credentials @direct.json",
  "credentials @direct.json --once --step item",
  "trust show --anchor-key @anchor.json",
  "trust show --json",
  "trust publish @trust.json --anchor-key @anchor.json --valid-days 3",
  "contract sign @draft.json --out +signed.json --policy @policy.json",
  "contract sign @draft.json --out +signed.json --force --executor @agent.json --json",
  "keys new +key.json --alg ES256",
  "keys kms arn:aws:kms:us-east-1:000000000000:key/1",
  "status",
  "status --within 10 --blocked 3 --json",
  "revoke identity $intent --reason odd --as olga --key @agent.json --wait 0",
  "revoke contract @held.json --reason odd --as olga --key @agent.json",
  "revoke delegation @chain.json --depth 1 --reason odd --as olga --key @agent.json --wait 0",
  "revoke delegation @held.json --block $digest --reason odd --as olga --key @agent.json --json",
  "halt plane --reason odd --as olga --key @agent.json --json",
  "lift plane --reason odd --as olga --key @agent.json --out +order.json",
  "order show @order.json",
  "order send @order.json --key @agent.json",
  "lift show @order.json",
  "signal risk @held.json --reason odd --as olga --key @agent.json --wait 0",
  "explain CONTRACT_EXPIRED --json",
  "doctor --permissions",
  "--help",
  "--version",
];

/** A folder of good files, an AWS that answers whatever the dice say, and one command line after another. */
class Bench {
  readonly #folder = mkdtempSync(join(tmpdir(), "vai-fuzz-"));
  readonly #dice: Dice;
  readonly #server: Server;
  #answers: readonly unknown[] = [];
  #files: readonly string[] = [];
  #named: Readonly<Record<string, string>> = {};

  constructor(seed: number) {
    this.#dice = new Dice(seed);
    this.#server = createServer((request, response) => {
      request.resume();
      request.on("end", () => this.#answer(String(request.headers["x-amz-target"]), response));
    });
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const { port } = this.#server.address() as AddressInfo;
    const endpoint = `http://127.0.0.1:${port}`;
    // Outputs that lost their endpoint must not lead to the real AWS.
    process.env["AWS_ENDPOINT_URL"] = endpoint;
    const { files, named } = await writeSeeds(this.#folder, endpoint);
    this.#files = files;
    this.#named = { ...named, intent: INTENT };
    this.#answers = await answersOf();
  }

  close(): void {
    delete process.env["AWS_ENDPOINT_URL"];
    this.#server.closeAllConnections();
    this.#server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** @returns what is wrong with how the command ended. */
  async one(): Promise<string | undefined> {
    const line = this.#dice.pick(COMMANDS);
    const changed = this.#changeFile(line);
    const args = this.#arguments(line, changed);
    const said: string[] = [];
    const shown = (text: string): void => void said.push(text);
    const outputs = changed?.outputs ?? join(this.#folder, "outputs.json");
    let code: number;
    try {
      code = await runCli(args, {
        ...{ out: shown, err: shown },
        environment: { VAI_OUTPUTS: outputs },
        isTerminal: this.#dice.hits(2),
        // Nobody waits for what the dice will not bring.
        sleep: () => Promise.reject(new CommandError(EXIT.unreachable, "no time")),
      });
    } catch (error) {
      return `${args.join(" ")} threw ${error instanceof Error ? error.stack : String(error)}`;
    } finally {
      rmSync(join(this.#folder, "new"), { recursive: true, force: true });
    }
    if (!DOCUMENTED.has(code)) return `${args.join(" ")} ended with ${code}`;
    const obeyed = OBEYED.exec(said.join("\n"));
    return obeyed === null
      ? undefined
      : `${args.join(" ")} printed ${JSON.stringify(obeyed[0])}: ${said.join("\n").slice(0, 500)}`;
  }

  /** A copy of one file of the seeds, changed; half of them are files that the command reads. */
  #changeFile(line: string): Changed | undefined {
    const dice = this.#dice;
    if (dice.hits(4)) return undefined;
    const read = this.#files.filter((name) => line.includes(`@${name.split("/")[0]}`));
    const name = dice.pick(read.length > 0 && !dice.hits(4) ? read : ["outputs.json", "cdk.json"]);
    const path = join(this.#folder, "new", name);
    mkdirSync(join(path, ".."), { recursive: true });
    const [top = ""] = name.split("/");
    if (top !== name) {
      for (const other of this.#files.filter((each) => each.startsWith(`${top}/`))) {
        writeFileSync(join(this.#folder, "new", other), readFileSync(join(this.#folder, other)));
      }
    }
    const content = readFileSync(join(this.#folder, name), "utf8");
    const bytes = mutatedFile(content, dice);
    const isOutputs = name === "outputs.json" || name === "cdk.json";
    writeFileSync(path, isOutputs ? this.#loopback(bytes) : bytes);
    return { top, ...(isOutputs && { outputs: path }) };
  }

  /** Whatever else is wrong with a deployment, nothing leaves this machine. */
  #loopback(bytes: Buffer): Buffer | string {
    try {
      const value = JSON.parse(bytes.toString("utf8"));
      if (typeof value.endpoint !== "string") return bytes;
      const wrong = ["http://127.0.0.1:1", "not a url", "file:///etc/passwd", ""];
      const endpoint = this.#dice.hits(10) ? this.#dice.pick(wrong) : this.#named["endpoint"];
      return JSON.stringify({ ...value, endpoint });
    } catch {
      return bytes;
    }
  }

  #arguments(line: string, changed: Changed | undefined): string[] {
    const dice = this.#dice;
    const args = line.split(" ").map((word) => {
      const name = word.slice(1);
      if (word.startsWith("$")) return this.#named[name] ?? word;
      if (word.startsWith("+")) return this.#written(name);
      if (!word.startsWith("@")) return word;
      return join(this.#folder, changed?.top === name ? "new" : "", name);
    });
    if (!dice.hits(5)) return args;
    const at = dice.roll(args.length + 1);
    const text = dice.pick([
      ...HOSTILE_TEXTS,
      "--json",
      "--",
      "--out",
      "--set",
      "--step",
      "--help",
    ]);
    // A path stays inside the folder, and a program to run is never named.
    const isPath = args[at]?.startsWith(this.#folder) === true;
    const value = isPath ? this.#path(text) : text;
    const isReplaced = at < args.length && (isPath || dice.hits(2));
    if (isReplaced) return args.with(at, value);
    // One more word of `vai credentials` would be a program to start.
    if (line.startsWith("credentials")) return args;
    return args.toSpliced(at, 0, value);
  }

  #written(name: string): string {
    const places = ["new", "outputs.json", "new/deep/er"];
    return join(this.#folder, this.#dice.hits(6) ? this.#dice.pick(places) : "new", name);
  }

  #path(text: string): string {
    const roll = this.#dice.roll(4);
    if (roll === 0) return this.#folder;
    if (roll === 1) return join(this.#folder, "held.json", "below");
    return `${this.#folder}/new/${text.replaceAll("/", "_").replaceAll("..", "_")}`;
  }

  #answer(target: string, response: ServerResponse): void {
    const dice = this.#dice;
    const good = dice.pick(this.#answers);
    const changed = dice.hits(2) ? good : mutatedValue(good, dice);
    const text = JSON.stringify(changed) ?? "";
    const status = dice.hits(15) ? dice.pick([400, 403, 404]) : 200;
    const isBroken = dice.hits(15);
    const type = target === "undefined" ? "application/json" : "application/x-amz-json-1.0";
    response.writeHead(status, {
      "content-type": type,
      ...(dice.hits(15) && { "x-amz-function-error": "Unhandled" }),
    });
    response.end(isBroken ? mutatedFile(text, dice).toString("utf8") : text);
  }
}

interface Changed {
  /** Name below the folder of changed files. */
  readonly top: string;
  /** If it is the deployment that was changed. */
  readonly outputs?: string;
}

export const cliFuzzer: Fuzzer = {
  about:
    "every file, argument and answer that vai reads: never a crash, always a documented exit code",
  async run(seed, inputs, isOver) {
    const bench = new Bench(seed);
    await bench.open();
    try {
      return await fuzz(inputs, () => bench.one(), isOver);
    } finally {
      bench.close();
    }
  },
};
