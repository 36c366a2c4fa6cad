import { isOpenPath } from "../checks/refuse-admin-paths.ts";
import { claimedCredentials } from "../credential.ts";
import type { Answer, Exchange, Step } from "../exchange.ts";
import { isAnswered, skewOf } from "../faults/faults.ts";
import { buffered, errorOf, headerOf } from "./answer-facts.ts";
import { type Call, callOf } from "./call.ts";
import { type Caller, type KnownCallers, roleNameOf, type Told, takeTold } from "./caller.ts";
import { cloudTrailEvent } from "./cloudtrail-event.ts";
import type { Trail } from "./trail.ts";
import { trueCall } from "./true-call.ts";

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
export function recordCalls(recording: Recording): Step {
  return async (exchange, next) => {
    if (isOpenPath(exchange)) return takeTold(await next()).answer;
    const asked = await callOf(exchange);
    const { told, answer } = takeTold(await next());
    const call = trueCall(asked, told);
    const isRead = answer.status >= 400 || call.service === "sts";
    if (!isRead) {
      record(recording, exchange, { call, told, answer });
      return answer;
    }
    const read = await buffered(answer);
    record(recording, exchange, { call, told, answer: read, read });
    return read;
  };
}

interface Ended {
  readonly call: Call;
  readonly told: Told;
  readonly answer: Answer;
  /** The answer with its body, when that says something that is recorded. */
  readonly read?: Answer & { readonly body: Buffer };
}

function record(
  { trail, callers, account }: Recording,
  exchange: Exchange,
  { call, told, answer, read }: Ended,
): void {
  const isError = answer.status >= 400;
  const issued = read === undefined || isError ? null : issuedBy(read.body);
  if (told.caller !== null) callers.learn(told.caller);
  if (issued !== null) callers.learn(holderOf(issued, account));
  const claimedKey = claimedCredentials(exchange)[0]?.accessKeyId;
  // Where a fault answered in the place of the emulator, nobody checked whose signature it was.
  const known = isAnswered(exchange) ? (callers.of(claimedKey) ?? null) : null;
  trail.record(
    cloudTrailEvent({
      ...{ call, claimedKey, account, told: { ...told, caller: told.caller ?? known } },
      error: read !== undefined && isError ? errorOf(read) : undefined,
      responseElements: issued === null ? null : { ...issued },
      requestId: requestIdOf(answer),
      userAgent: exchange.header("user-agent"),
      sourceAddress: sourceAddress(exchange),
      at: Date.now() + skewOf(exchange) * 1_000,
    }),
  );
}

const requestIdOf = (answer: Answer): string =>
  headerOf(answer, "x-amzn-requestid") ?? headerOf(answer, "x-amz-request-id") ?? "";

const sourceAddress = ({ request }: Exchange): string =>
  (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");

interface Issued {
  readonly credentials: { readonly accessKeyId: string; readonly expiration: string };
  readonly assumedRoleUser: { readonly assumedRoleId: string; readonly arn: string };
  readonly sourceIdentity?: string;
}

/** Whoever holds the session that was issued. */
function holderOf(issued: Issued, account: string): Caller {
  const { arn, assumedRoleId: principalId } = issued.assumedRoleUser;
  const { sourceIdentity } = issued;
  return {
    ...{ type: "AssumedRole", arn, principalId, account },
    accessKeyId: issued.credentials.accessKeyId,
    role: { userName: roleNameOf(arn) ?? "" },
    ...(sourceIdentity !== undefined && { sourceIdentity }),
  };
}

/**
 * What STS issued, without the secret key and the token that CloudTrail has a place for: the key
 * id is what joins the later calls of the session to this one.
 */
function issuedBy(body: Buffer): Issued | null {
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
