import { test } from "node:test";
import { runsAsSupposed } from "../support/local/actions.ts";
import { localPlane } from "../support/local/plane.ts";

// Named so that it runs last in this folder: afterwards one of the sample instances is gone.

test("VAI-31 ec2:TerminateInstances is refused when the world differs, and run when it does not", async () =>
  runsAsSupposed(await localPlane(), "ec2:TerminateInstances"));
