import { expect, test } from "@jest/globals";
import { runAlertDrill } from "./alert-drill.js";
import { PAGE, page } from "./shop.js";

test("redis: it is gone, and comes back empty", async () => {
  await runAlertDrill(
    {
      name: "redis",
      promised: [
        { alert: "FreshetPartitionWaiting", severity: "critical", fires: "Within 3 minutes", resolves: "At the first slice that ends" },
      ],
      serviceMs: { fires: 10_000, resolves: 5000 }, // a slice fails after 10 s at the latest, and is tried again within 3
    },
    async ({ platform, book, tell, fault, firing, fixed, resolved }) => {
      const { cache, redis, shop } = platform;
      await cache.set(PAGE, page("1"));
      await fault(`SIGKILL to Redis (pid ${redis.pid})`, () => redis.kill());
      await shop.change("42", "2");
      await firing();
      await book.run("freshet config show");
      await redis.restart();
      fixed("by hand: Redis is started again, without what it held");
      await book.run("freshet topics create");
      await resolved();
      await platform.caughtUp();
      await book.run("freshet lag");
      await cache.set(PAGE, page("1"));
      tell(`a slow reader puts the old ${PAGE} back: what would keep it out went with Redis`);
      const replay = "freshet replay history --topic shop.products --from 30m --to 0s";
      await book.run(replay);
      await book.run(replay, { and: "--apply --because drill" });
      expect(await cache.exists(PAGE)).toBe(0);
      tell(`the old ${PAGE} is busted`);
    },
  );
}, 1_200_000);
