import type { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import type { AskPeople } from "../../lifecycle/ports.ts";

/** What the events of the plane are called on the bus; the functions' permission names both. */
export const DECISION_NEEDED = { source: "vai", detailType: "vai-decision-needed" } as const;

/** Events of one call at most (its page in the API reference). */
const BATCH = 10;

/**
 * Puts an event for each thing that is asked on the account's default bus. Nobody hears of a failure: whoever is not told
 * finds it in `vai status`. `load` brings the client with the first thing that is asked, for most requests ask nobody.
 */
export const askPeopleBy =
  (load: () => Promise<Pick<EventBridgeClient, "send">>): AskPeople =>
  async (needed) => {
    const { PutEventsCommand } = await import("@aws-sdk/client-eventbridge");
    const client = await load();
    const Entries = needed.slice(0, BATCH).map((detail) => ({
      ...{ Source: DECISION_NEEDED.source, DetailType: DECISION_NEEDED.detailType },
      Detail: JSON.stringify(detail),
    }));
    await client.send(new PutEventsCommand({ Entries })).catch(() => undefined);
  };
