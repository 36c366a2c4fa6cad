import { buffered, errorOf, headerOf } from "./answer-facts.ts";
import { callOf } from "./call.ts";
import { type KnownCallers, takeTold } from "./caller.ts";
import { cloudTrailEvent } from "./cloudtrail-event.ts";
import { claimedCredentials } from "./credential.ts";
import type { Answer, Exchange, Step } from "./exchange.ts";
import { skewOf } from "./faults.ts";
import { isOpenPath } from "./refuse-admin-paths.ts";
import type { Trail } from "./trail.ts";

/** What a recorder needs. */
export interface Recording {
  readonly trail: Trail;
  readonly callers: KnownCallers;
  /** Account that the calls are made in. */
  readonly account: string;
}

/**
 * Records every call, granted or refused, as CloudTrail would: the feed of an observer that believes
 * neither the trust plane nor its adapters. Who called is what the emulator authenticated, not what
 * the request claims. A call is recorded before its answer leaves, so whoever has an answer finds
 * the call in the feed.
 */
export function recordCalls({ trail, callers, account }: Recording): Step {
  return async (exchange, next) => {
    if (isOpenPath(exchange)) return takeTold(await next()).answer;
    const call = await callOf(exchange);
    const { told, answer: received } = takeTold(await next());
    const isError = received.status >= 400;
    const isSts = call.service === "sts";
    const answer = isError || isSts ? await buffered(received) : received;
    const claimedKey = claimedCredentials(exchange)[0]?.accessKeyId;
    if (told.caller !== null) callers.learn(told.caller.accessKeyId, told.caller.arn);
    const issued = isSts && !isError && Buffer.isBuffer(answer.body) ? issuedBy(answer.body) : null;
    if (issued !== null) {
      callers.learn(issued.credentials.accessKeyId, issued.assumedRoleUser.arn);
    }
    trail.record(
      cloudTrailEvent({
        ...{ call, told, claimedKey, account },
        error: isError && Buffer.isBuffer(answer.body) ? errorOf(asBuffered(answer)) : undefined,
        responseElements: issued,
        requestId: requestIdOf(answer),
        userAgent: exchange.header("user-agent"),
        sourceAddress: sourceAddress(exchange),
        at: Date.now() + skewOf(exchange) * 1_000,
      }),
    );
    return answer;
  };
}

const asBuffered = (answer: Answer) => answer as Answer & { readonly body: Buffer };

const requestIdOf = (answer: Answer): string =>
  headerOf(answer, "x-amzn-requestid") ?? headerOf(answer, "x-amz-request-id") ?? "";

const sourceAddress = ({ request }: Exchange): string =>
  (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");

/**
 * What STS issued, without the secret key and the token that CloudTrail has a place for: the key
 * id is what joins the later calls of the session to this one.
 */
function issuedBy(body: Buffer) {
  const text = body.toString("utf8");
  const member = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1];
  const [accessKeyId, arn] = [member("AccessKeyId"), member("Arn")];
  const assumedRoleId = member("AssumedRoleId");
  if (accessKeyId === undefined || arn === undefined || assumedRoleId === undefined) return null;
  const sourceIdentity = member("SourceIdentity");
  return {
    credentials: { accessKeyId, expiration: member("Expiration") ?? "" },
    assumedRoleUser: { assumedRoleId, arn },
    ...(sourceIdentity !== undefined && { sourceIdentity }),
  };
}
