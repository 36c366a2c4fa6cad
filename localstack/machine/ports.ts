import { createServer, type Server } from "node:net";

/** Loopback, the only address that anything here listens on or forwards to. */
export const LOOPBACK = "127.0.0.1";

/** A port of the loopback interface that is free now. Somebody may take it before it is used. */
export async function anyFreePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, 0);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Listens on the loopback interface at `first` or, where that is taken, at the next free port.
 * `first` 0 means any. The port is held from then on, so two callers never get the same one.
 *
 * @param tries how many ports to try; then the error of the last is thrown
 * @returns the port
 */
export async function listenFrom(server: Server, first: number, tries = 100): Promise<number> {
  for (let port = first; ; port += 1) {
    try {
      return await listen(server, port);
    } catch (error) {
      const taken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
      if (!taken || port - first >= tries - 1) throw error;
    }
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, LOOPBACK, () => {
      server.off("error", reject);
      const address = server.address();
      resolve(address !== null && typeof address === "object" ? address.port : port);
    });
  });
}
