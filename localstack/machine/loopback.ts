import { isIPv4, isIPv6 } from "node:net";
import { LocalAwsError } from "./errors.ts";

/** Whether a host name or address is this machine's loopback, whatever a resolver says. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "").toLowerCase();
  if (isIPv4(bare)) return bare.startsWith("127.");
  if (isIPv6(bare)) return bare === "::1";
  return bare === "localhost" || bare.endsWith(".localhost");
}

/** @throws LocalAwsError when the host is not loopback. */
export function requireLoopback(host: string, what: string): void {
  if (isLoopback(host)) return;
  throw new LocalAwsError(
    `${what} must be a loopback address such as 127.0.0.1, not ${host}: the local AWS neither ` +
      "listens to nor talks to other machines.",
  );
}
