import { expect, test } from "@jest/globals";
import { runAlertDrill } from "./alert-drill.js";
import { redis } from "./plans.js";
import { PAGE, page } from "./shop.js";

test("redis: it is gone, and comes back empty", async () => {
  await runAlertDrill(redis, async ({ platform, book, tell, fault, firing, fixed, resolved }) => {
    const { cache, shop, redis: server } = platform;
    await cache.set(PAGE, page("1"));
    await fault(`SIGKILL to Redis (pid ${server.pid})`, () => server.kill());
    await shop.change("42", "2");
    await firing();
    await book.run(redis.commands.config);
    await server.restart();
    fixed("by hand: Redis is started again, without what it held");
    await book.run(redis.commands.topics);
    await resolved();
    await platform.caughtUp();
    await book.run(redis.commands.lag);
    await cache.set(PAGE, page("1"));
    tell(`a slow reader puts the old ${PAGE} back: what would keep it out went with Redis`);
    await book.run(redis.commands.replay);
    await book.run(redis.commands.replay, { and: "--apply --because drill" });
    expect(await cache.exists(PAGE)).toBe(0);
    tell(`the old ${PAGE} is busted`);
  });
}, 1_200_000);
