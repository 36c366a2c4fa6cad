/**
 * The plane's functions: each is `lambdas/<name>.ts`, bundled to `dist/<name>/index.mjs` and
 * deployed as `vai-<plane>-<name>` under a role of its own.
 */
export const FUNCTIONS = ["issue", "execute", "delegate", "govern", "revoke", "sweep"] as const;

/** Name of one of the plane's functions. */
export type FunctionName = (typeof FUNCTIONS)[number];

/** All that are bundled: those, which people and programs call, and `watch`, which a stream calls. */
export const BUNDLED = [...FUNCTIONS, "watch"] as const;

/** Name of a bundle. */
export type BundleName = (typeof BUNDLED)[number];
