import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { marshall } from "@aws-sdk/util-dynamodb";
import { readStatus } from "../../../lib/cli/status/read.ts";
import { VIEWS, viewKey } from "../../../lib/lifecycle/view.ts";
import { overTheWire } from "../../cli/support/aws-wire.ts";
import { HANDLE } from "../../support/deliveries.ts";
import { TABLES } from "../../support/memory-dynamo.ts";
import { newPlane, type Plane } from "../../support/plane.ts";
import type { Line } from "../measure.ts";

/** Bytes of items that DynamoDB answers one query with at most (developer guide, "Paginating table query results"). */
const PAGE = 1024 * 1024;

/** Calls of `vai status` with few and with many open intents. */
export async function measureStatus(): Promise<Line[]> {
  return [await callsWith(10), await callsWith(5_000)];
}

async function callsWith(open: number): Promise<Line> {
  const plane = await newPlane();
  const bytes = await openIntents(plane, open);
  plane.dynamo.page = Math.floor(PAGE / bytes);
  const { calls, seen } = await callsOfStatus(plane);
  const lists = calls.filter((call) => call === "Query byDue").length;
  const pages = lists - VIEWS.length;
  const isScanned = calls.some((call) => call.startsWith("Scan"));
  return {
    name: `DynamoDB calls of vai status with ${open} open intents`,
    value: [...counts(calls)].map(([call, times]) => `${times} ${call}`).join(", "),
    goal: `${VIEWS.length} queries of byDue and their pages, no Scan`,
    met: !isScanned && seen === open && lists >= VIEWS.length && pages <= (open * bytes) / PAGE,
    how: `in memory, through the SDK, ${seen} seen; pages of 1 MB, ${bytes} bytes an intent, ${pages} pages beyond the first ones`,
  };
}

/** Opens intents: one is granted, the others are its head under other names, each in its own list. @returns bytes of one. */
async function openIntents(plane: Plane, number: number): Promise<number> {
  const governed = plane.contract(HANDLE);
  await plane.grant(HANDLE, governed);
  const state = plane.dynamo.table(TABLES.state);
  const head = state.get(`chain#${governed.chainId}|head`);
  if (head === undefined) throw new Error("there is no head");
  for (let index = 1; index < number; index++) {
    const intentId = String(index).padStart(26, "0");
    const pk = `chain#intent/${intentId}`;
    state.set(`${pk}|head`, { ...head, pk, view: viewKey(intentId) });
  }
  return JSON.stringify(marshall(head)).length;
}

async function callsOfStatus(plane: Plane): Promise<{ calls: string[]; seen: number }> {
  const calls: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", async () => {
      const body = Buffer.concat(chunks).toString("utf8");
      const operation = String(request.headers["x-amz-target"]).split(".").at(-1);
      const { IndexName = "" } = JSON.parse(body) as { IndexName?: string };
      calls.push(`${operation} ${IndexName}`.trim());
      response.end(JSON.stringify(await overTheWire(plane, request, body)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const credentials = { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "of the caller" };
    const place = { endpoint: `http://127.0.0.1:${port}`, region: "us-east-1", credentials };
    const asked = { now: plane.world.now, blocked: 20 };
    const { views } = await readStatus(place, { tables: TABLES }, asked);
    return { calls, seen: views.length };
  } finally {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

function counts(calls: readonly string[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const call of calls) found.set(call, (found.get(call) ?? 0) + 1);
  return found;
}
