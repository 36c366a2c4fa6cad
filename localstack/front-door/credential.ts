import type { Exchange } from "./exchange.ts";

/** Who a request says it is, before anybody has checked it. */
export interface ClaimedCredential {
  readonly accessKeyId: string;
  /** Service of the credential scope, such as `sts`; "" when the form of signature has none. */
  readonly service: string;
  /** Region of the credential scope; "" when the form of signature has none. */
  readonly region: string;
}

/**
 * Every credential that a request names, wherever it may stand: the Authorization header (SigV4,
 * SigV2) and the query (presigned, in any letter case). Empty for an unsigned request. The
 * emulator looks in the same places, and all are judged, so none can hide behind another.
 */
export function claimedCredentials(exchange: Exchange): ClaimedCredential[] {
  const found: string[] = [];
  const authorization = exchange.header("authorization");
  const scoped = /Credential=([^,\s]+)/.exec(authorization)?.[1];
  const plain = /^AWS ([^:]+):/.exec(authorization)?.[1];
  if (scoped) found.push(scoped);
  if (plain) found.push(plain);
  for (const [name, value] of exchange.query) {
    if (/^(x-amz-credential|awsaccesskeyid)$/i.test(name)) found.push(value);
  }
  return found.map((credential) => {
    const parts = credential.split("/");
    // The service is the last but one part: SigV4 scopes have a region before it, SigV4a none.
    const region = parts.length === 5 ? (parts[2] ?? "") : "";
    return { accessKeyId: parts[0] ?? "", service: parts.at(-2) ?? "", region };
  });
}
