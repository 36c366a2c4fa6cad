import { awsErrorAnswer } from "./aws-error.ts";
import type { Step } from "./exchange.ts";

const OPEN: ReadonlySet<string> = new Set(["/_ministack/health", "/_ministack/ready"]);
const ADMIN = /^\/+_(ministack|localstack)(\/|$)/i;

/**
 * Refuses the emulator's own paths, which no signature protects: reset, settings, function code.
 * Health and readiness stay open. The emulator decodes a path before it looks at it, so a path is
 * judged decoded; one that cannot be decoded, or a target that is not a path, is refused.
 */
export const refuseAdminPaths: Step = async (exchange, next) => {
  const path = decodedPath(exchange.target);
  if (path !== undefined && (OPEN.has(path) || !ADMIN.test(path))) return next();
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
