import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { LocalPlane } from "./plane.ts";
import { send } from "./sigv4.ts";

/** Every line that one of the plane's functions logged; none when it has not run yet. */
const functionLog = (plane: LocalPlane, name: string): Promise<string[]> =>
  linesOf(plane, `/vai/local/${name}`);

/** Half a minute: a stream is read a few times a second, by a process that others share. */
const PATIENCE = { tries: 300, milliseconds: 100 };

/** The lines of a function about one chain, once there are as many as expected. */
export async function linesAbout(
  plane: LocalPlane,
  name: string,
  chainId: string,
  expected: number,
): Promise<Record<string, unknown>[]> {
  for (let tries = 0; ; tries++) {
    const lines = (await functionLog(plane, name))
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((line) => line["chainId"] === chainId);
    if (lines.length >= expected || tries === PATIENCE.tries) return lines;
    await sleep(PATIENCE.milliseconds);
  }
}

/** Every line that the plane's functions logged, by log group: CloudWatch Logs, as the deployer. */
export async function functionLogs(plane: LocalPlane): Promise<Record<string, string[]>> {
  const groups = ["issue", "execute", "delegate", "govern"].map((name) => `/vai/local/${name}`);
  const read = groups.map(async (group) => {
    const lines = await linesOf(plane, group);
    assert.ok(lines.length > 0, `${group} is empty`);
    return [group, lines] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}

async function linesOf(plane: LocalPlane, logGroupName: string): Promise<string[]> {
  const lines: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await logs(plane, "FilterLogEvents", {
      ...{ logGroupName, limit: 10_000 },
      ...(nextToken !== undefined && { nextToken }),
    });
    lines.push(...(page.events ?? []).map(({ message }) => message));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return lines;
}

interface Page {
  readonly events?: readonly { readonly message: string }[];
  readonly nextToken?: string;
}

async function logs({ outputs }: LocalPlane, action: string, input: object): Promise<Page> {
  const answer = await send({
    ...{ endpoint: outputs.endpoint, region: outputs.region, service: "logs" },
    credentials: outputs.credentials.deployer,
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": `Logs_20140328.${action}`,
    },
    body: JSON.stringify(input),
  });
  assert.equal(answer.status, 200, answer.body);
  return JSON.parse(answer.body) as Page;
}
