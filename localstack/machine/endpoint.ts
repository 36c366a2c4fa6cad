import { LocalAwsError } from "./errors.ts";
import { isLoopback } from "./loopback.ts";

/**
 * The endpoint that the person named in `AWS_ENDPOINT_URL`, or undefined: then one is started.
 *
 * @returns the URL without a trailing slash
 * @throws LocalAwsError when it is no URL, or not loopback and `VAI_ALLOW_REMOTE` is not `1`
 */
export function namedEndpoint(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const named = environment["AWS_ENDPOINT_URL"];
  if (named === undefined || named === "") return undefined;
  const url = URL.canParse(named) ? new URL(named) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new LocalAwsError(
      `AWS_ENDPOINT_URL is "${named}", which is not an http or https URL. Correct it, or unset it ` +
        "to have a local AWS started.",
    );
  }
  if (!isLoopback(url.hostname) && environment["VAI_ALLOW_REMOTE"] !== "1") {
    throw new LocalAwsError(
      `AWS_ENDPOINT_URL names ${url.hostname}, which is not this machine. Unset it to have a local ` +
        "AWS started, or set VAI_ALLOW_REMOTE=1 if this endpoint may really be written to.",
    );
  }
  return named.replace(/\/+$/, "");
}
