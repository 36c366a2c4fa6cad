import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** Milliseconds: a browser that starts on a busy machine. */
const PATIENCE = 90_000;

/** Alone on this machine: no updates, no accounts, nothing of anybody's profile, and no sandbox, which root may not have. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/** Path of a Chromium, or `undefined` where there is none. */
export function findChromium(path: string = process.env["PATH"] ?? ""): string | undefined {
  const places = path.split(delimiter).filter((folder) => folder !== "");
  return NAMES.flatMap((name) => places.map((place) => join(place, name))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Calls `judge` of the module for each value, and hands the answers, or an error, to whoever served the page. */
const PAGE = `<!doctype html><meta charset="utf-8"><title>vai</title><script type="module">
  const answer = (body) => fetch("/answer", { method: "POST", body: JSON.stringify(body) });
  try {
    const { judge } = await import("/module.js");
    const answers = [];
    for (const given of await (await fetch("/given.json")).json()) answers.push(await judge(given));
    await answer({ answers, agent: navigator.userAgent });
  } catch (error) {
    await answer({ error: String(error?.stack ?? error) });
  }
</script>`;

interface Answer {
  readonly answers?: readonly string[];
  readonly agent?: string;
  readonly error?: string;
}

/**
 * Runs a module's `judge` over values in a headless Chromium, which gets everything from 127.0.0.1 and ends with the
 * answer.
 * @throws what the page threw, or that it did not answer in time.
 */
export async function judgeInChromium(
  chromium: string,
  module: string,
  given: readonly unknown[],
): Promise<Answer> {
  const profile = await mkdtemp(join(tmpdir(), "vai-chromium-"));
  const { server, answered } = serve(module, JSON.stringify(given));
  let child: ChildProcess | undefined;
  try {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const page = `http://127.0.0.1:${port}/`;
    child = spawn(chromium, [...FLAGS, `--user-data-dir=${profile}`, page], { stdio: "ignore" });
    const answer = await Promise.race([answered, ended(child), late()]);
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  } finally {
    await end(child);
    server.closeAllConnections();
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

function serve(module: string, given: string): { server: Server; answered: Promise<Answer> } {
  const pages: Readonly<Record<string, readonly [type: string, body: string]>> = {
    "/": ["text/html", PAGE],
    "/module.js": ["text/javascript", module],
    "/given.json": ["application/json", given],
  };
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const server = createServer((request, response) => {
    const [type, body] = pages[request.url ?? ""] ?? [];
    if (request.url === "/answer") readAnswer(request).then(resolve, reject);
    response.writeHead(body === undefined ? 404 : 200, { "content-type": type ?? "text/plain" });
    response.end(body);
  });
  return { server, answered: promise };
}

const readAnswer = async (request: IncomingMessage): Promise<Answer> =>
  JSON.parse(await text(request));

const ended = (child: ChildProcess): Promise<never> =>
  new Promise((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`Chromium ended without an answer: ${code}`)));
  });

const late = (): Promise<never> =>
  new Promise((_, reject) => {
    const what = `no answer of Chromium within ${PATIENCE / 1000} s`;
    setTimeout(() => reject(new Error(what)), PATIENCE).unref();
  });

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const kill = setTimeout(() => child.kill("SIGKILL"), 5000);
  await gone;
  clearTimeout(kill);
}
