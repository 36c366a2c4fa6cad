import type { Answer } from "../fake-endpoint.ts";

export const INSTANCE_ID = "i-0123456789abcdef0";
export const INSTANCE_ARN = `arn:aws:ec2:us-east-1:000000000000:instance/${INSTANCE_ID}`;

const xml = (root: string, inner: string): Answer => ({
  status: 200,
  headers: { "content-type": "text/xml;charset=UTF-8" },
  text: `<?xml version="1.0" encoding="UTF-8"?><${root} xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>${inner}</${root}>`,
});

const instance = (id: string, state: string | undefined): string =>
  `<item><instanceId>${id}</instanceId><launchTime>2026-01-02T03:04:05.000Z</launchTime>` +
  `${state === undefined ? "" : `<instanceState><code>16</code><name>${state}</name></instanceState>`}</item>`;

/** What DescribeInstances answers for these instances, each in a reservation of its own. */
export const described = (
  ...instances: readonly { readonly id?: string; readonly state?: string }[]
): Answer =>
  xml(
    "DescribeInstancesResponse",
    `<reservationSet>${instances
      .map(
        ({ id = INSTANCE_ID, state }) =>
          `<item><ownerId>000000000000</ownerId><instancesSet>${instance(id, state)}</instancesSet></item>`,
      )
      .join("")}</reservationSet>`,
  );

/** What Stop, Start and TerminateInstances answer. */
export const changed = (api: string): Answer =>
  xml(
    `${api}Response`,
    `<instancesSet><item><instanceId>${INSTANCE_ID}</instanceId></item></instancesSet>`,
  );

/** EC2's form of an error: the name alone, without the `Client.` of its logs. */
export const ec2Error = (status: number, name: string): Answer => ({
  status,
  headers: { "content-type": "text/xml;charset=UTF-8" },
  text: `<?xml version="1.0" encoding="UTF-8"?><Response><Errors><Error><Code>${name}</Code><Message>no</Message></Error></Errors><RequestID>r</RequestID></Response>`,
});
