import { Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { actionFamilies } from "./action-families.ts";
import { requireBoundaries } from "./boundary.ts";
import type { Deployment, Elsewhere, RolePair } from "./deployment.ts";
import { ExecutionRoles, executionRoleName, readerRoleName } from "./execution-roles.ts";
import { ownName } from "./plane.ts";

/** Properties of {@link ExecutionRoleStack}. */
export interface ExecutionRoleStackProps extends StackProps {
  /** Name of the plane. */
  readonly plane: string;
  /** Account of the plane, 12 digits. */
  readonly planeAccount: string;
  /** Where the roles are, and their ceilings. */
  readonly place: Elsewhere;
}

/**
 * Execution and reader roles in another account or region than the plane's: the same pairs, which
 * trust the plane's functions `issue` and `execute` by the names that their roles have there.
 *
 * This version of the functions refuses a contract for another account or region than its plane's
 * (`ACCOUNT_MISMATCH`, `REGION_MISMATCH`), so these roles wait for one that does not.
 */
export class ExecutionRoleStack extends Stack {
  constructor(scope: Construct, id: string, props: ExecutionRoleStackProps) {
    const { plane, planeAccount, place, ...rest } = props;
    const { account, region, targets } = place;
    super(scope, id, {
      ...rest,
      env: { account, region },
      description: `Execution and reader roles of the trust plane ${plane} of ${planeAccount}`,
    });
    const assumedBy = ["issue", "execute"].map((name) =>
      roleArn(this, planeAccount, ownName(plane, name)),
    );
    for (const family of actionFamilies(targets)) {
      new ExecutionRoles(this, `Roles-${family.name}`, {
        plane,
        family,
        assumedBy,
        // Nobody revokes there yet.
        probedBy: [],
        readBy: assumedBy,
        region,
      });
    }
    requireBoundaries(this);
  }
}

/** The roles that a plane has elsewhere, by the names that their stacks give them. */
export const elsewhereRoles = (scope: Construct, { name, elsewhere }: Deployment): RolePair[] =>
  elsewhere.flatMap(({ account, region, targets }) =>
    actionFamilies(targets).map((family) => ({
      executionRoleArn: roleArn(scope, account, executionRoleName(name, family.name, region)),
      readerRoleArn: roleArn(scope, account, readerRoleName(name, family.name, region)),
    })),
  );

const roleArn = (scope: Construct, account: string, resourceName: string): string =>
  Stack.of(scope).formatArn({
    service: "iam",
    region: "",
    account,
    resource: "role",
    resourceName,
  });
