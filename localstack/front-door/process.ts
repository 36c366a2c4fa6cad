import { LOOPBACK, listenFrom } from "../machine/ports.ts";
import type { ControlOptions } from "./control.ts";
import { createFrontDoor } from "./front-door.ts";

/** What the starting process sends: once, over the channel between the two, so that it is in no process list. */
export interface FrontDoorOrder {
  /** First port to try. */
  readonly port: number;
  readonly upstreamPort: number;
  readonly rootKey: string;
  readonly account: string;
  readonly trailFile: string;
  readonly control: ControlOptions;
}

/** What goes back: the port that is now listened on, or why there is none. */
export type FrontDoorReport = { readonly port: number } | { readonly error: string };

/** Opens the front door that the parent asks for, and ends with SIGTERM. */
async function open({ port, upstreamPort, ...options }: FrontDoorOrder): Promise<FrontDoorReport> {
  const server = createFrontDoor({ ...options, upstream: { host: LOOPBACK, port: upstreamPort } });
  process.on("SIGTERM", () => {
    server.close();
    server.closeAllConnections();
    process.exit(0);
  });
  return { port: await listenFrom(server, port) };
}

if (import.meta.main) {
  process.once("message", (order) => {
    void open(order as FrontDoorOrder)
      .catch((error: Error) => ({ error: error.message }))
      .then((report: FrontDoorReport) => process.send?.(report));
  });
  if (process.send === undefined) {
    process.stderr.write('The front door is started by "npm run local:up", not by hand.\n');
    process.exitCode = 2;
  }
}
