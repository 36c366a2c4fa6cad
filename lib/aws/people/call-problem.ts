import { present } from "../../encoding/present.ts";
import { Fault } from "../../refusal.ts";

/** What became of a person's call to AWS that did not do what it should. */
export interface CallProblem {
  readonly kind: /** Nobody answered, or not AWS. */
    | "unreachable"
    /** AWS answered that it cannot now. */
    | "busy"
    /** There was nobody to call as. */
    | "noCredentials"
    /** AWS does not know who calls: key, secret, session or clock are wrong. */
    | "unaccepted"
    /** AWS knows who calls, and that identity may not. */
    | "denied"
    /** What was named is not in this account and region. */
    | "absent"
    | "refused";
  /** The error as AWS, Node or the SDK names it. */
  readonly name: string;
  /** HTTP status, where AWS answered. */
  readonly status?: number;
  /** What AWS wrote, where that names only who called what. */
  readonly said?: string;
}

/** Source: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html and each service's list of its own. */
const UNACCEPTED =
  /^(UnrecognizedClient|InvalidClientTokenId|InvalidAccessKeyId|InvalidSignature|SignatureDoesNotMatch|IncompleteSignature|MissingAuthenticationToken|ExpiredToken|RequestExpired|RequestTimeTooSkewed|InvalidToken|AuthFailure)/;
const DENIED = /^(AccessDenied|UnauthorizedOperation|NotAuthorized|Forbidden|OptInRequired)/;
const ABSENT = /(NotFound|NotFoundException)$|^NoSuch/;
const BUSY = /Throttl|TooManyRequests|ThroughputExceeded|LimitExceeded|ServiceUnavailable/;
const NO_CREDENTIALS = /^(CredentialsProviderError|TokenProviderError)$/;

/**
 * Sorts an error of the SDK, or one that carries it as its cause. Names alone decide, and the status: messages change.
 * @returns `undefined` for what is no call's error at all.
 */
export function callProblem(error: unknown): CallProblem | undefined {
  const thrown = deepest(error);
  if (thrown === undefined) return undefined;
  const { name } = thrown;
  if (NO_CREDENTIALS.test(name)) return { kind: "noCredentials", name };
  const status = thrown.$metadata?.httpStatusCode;
  // An answer that the SDK cannot read is a proxy's or a web page's.
  if (status === undefined || name === "SyntaxError") {
    return { kind: "unreachable", name: thrown.code ?? name, ...present({ status }) };
  }
  const kind = kindOf(name, status);
  const said = isPlain(kind) ? thrown.message : undefined;
  return { kind, name, status, ...present({ said }) };
}

function kindOf(name: string, status: number): CallProblem["kind"] {
  if (UNACCEPTED.test(name)) return "unaccepted";
  if (DENIED.test(name)) return "denied";
  if (ABSENT.test(name)) return "absent";
  return status >= 500 || status === 429 || BUSY.test(name) ? "busy" : "refused";
}

/** A complaint about a signature quotes what was signed, a session's token in it; one about input quotes the input. */
const isPlain = (kind: CallProblem["kind"]): boolean => kind === "denied" || kind === "absent";

interface Thrown extends Error {
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** The error at the end of the causes that AWS, the SDK or a socket made. `ERR_…` are Node's for wrong use by us. */
function deepest(error: unknown): Thrown | undefined {
  if (!(error instanceof Error)) return undefined;
  // Its code is ours.
  if (error instanceof Fault) return deepest(error.cause);
  const own = error as Thrown;
  const isCall =
    "$metadata" in own ||
    NO_CREDENTIALS.test(own.name) ||
    ("code" in own && isOfSocket(String(own.code)));
  return isCall ? own : deepest(own.cause);
}

const isOfSocket = (code: string): boolean => !/^ERR_(?!TLS|SSL)/.test(code);
