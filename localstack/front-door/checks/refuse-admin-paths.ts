import { awsErrorAnswer } from "../aws-error.ts";
import type { Exchange, Step } from "../exchange.ts";

const OPEN: ReadonlySet<string> = new Set(["/_ministack/health", "/_ministack/ready"]);
const ADMIN = /^\/+_(ministack|localstack|vai)(\/|$)/i;

/** Whether a request asks for what is open to everybody and is no call of AWS. */
export function isOpenPath(exchange: Exchange): boolean {
  const path = decodedPath(exchange.target);
  return path !== undefined && OPEN.has(path);
}

/**
 * Refuses the emulator's own paths, which no signature protects: reset, settings, function code,
 * and the front door's own in any other spelling than the one that asks for its token.
 * Health and readiness stay open. The emulator decodes a path before it looks at it, so a path is
 * judged decoded; one that cannot be decoded, or a target that is not a path, is refused.
 */
export const refuseAdminPaths: Step = async (exchange, next) => {
  const path = decodedPath(exchange.target);
  if (isOpenPath(exchange) || (path !== undefined && !ADMIN.test(path))) return next();
  return awsErrorAnswer(exchange, {
    status: 403,
    code: "AccessDenied",
    message: "The emulator's own paths are closed here; only its health and readiness are open.",
  });
};

function decodedPath(target: string): string | undefined {
  if (!target.startsWith("/")) return undefined;
  const path = target.split("?", 1)[0] ?? "";
  try {
    return decodeURIComponent(path).replace(/\/\.(?=\/)/g, "");
  } catch {
    return undefined;
  }
}
