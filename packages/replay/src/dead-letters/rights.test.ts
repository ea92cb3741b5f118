import { FreshetError } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import { withRights } from "./rights.js";

const GROUP = "freshet-dlq-blue-271407a4-d545-4053-a890-2e5b243730c6";
const needed = { topic: "freshet.dlq.blue", group: GROUP, what: "to read" };
const refused = () => new FreshetError("FR3006", "halt", "Kafka refused rights", "?");

describe("rights that are missing", () => {
  test("are named, the group by its prefix where its name is made anew each time", async () => {
    await expect(withRights(needed, Promise.reject(refused()))).rejects.toMatchObject({
      message: "Kafka refused rights (to read)",
      fix: "Grant the client's user Read on topic freshet.dlq.blue, and Read, Describe and Delete on groups that begin with freshet-dlq-blue-.",
    });
    const own = withRights({ ...needed, group: "mine" }, Promise.reject(refused()));
    await expect(own).rejects.toMatchObject({ fix: expect.stringMatching(/ on group mine\.$/) });
  });

  test("stay those of the innermost call", async () => {
    const inner = withRights({ ...needed, topic: "freshet.jobs.blue", what: "to know" }, Promise.reject(refused()));
    await expect(withRights(needed, inner)).rejects.toMatchObject({ fix: expect.stringContaining("topic freshet.jobs.blue,") });
  });

  test("are suspected where no broker has the group", async () => {
    const hidden = new FreshetError("FR3001", "wait", "describing: KafkaJSGroupCoordinatorNotFound", "Check that they are up.");
    await expect(withRights(needed, Promise.reject(hidden))).rejects.toMatchObject({
      code: "FR3001",
      fix: "Check that they are up. If they are, the client's user lacks Describe on groups that begin with freshet-dlq-blue-.",
    });
  });

  test("other errors pass as they are", async () => {
    const away = new FreshetError("FR3001", "wait", "away", "Wait.");
    await expect(withRights(needed, Promise.reject(away))).rejects.toBe(away);
  });
});
