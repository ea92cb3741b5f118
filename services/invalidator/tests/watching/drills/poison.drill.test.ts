import { expect, test } from "@jest/globals";
import { runAlertDrill } from "./alert-drill.js";
import { poison } from "./plans.js";
import { PAGE, page, priceChange, shopRules } from "./shop.js";

test("poison: a rule copes with none of the events that come", async () => {
  await runAlertDrill(poison, async ({ platform, book, tell, fault, firing, fixed, resolved }) => {
    const { cache, shop } = platform;
    await platform.deploy(shopRules({ when: "data.price != previous.price" }));
    await cache.set(PAGE, page("1"));
    await fault("the shop says no price before any more, which no rule expects", () => {
      shop.saysPrevious = false;
    });
    await shop.change("42", "2");
    await firing();
    const listed = await book.run(poison.commands.list);
    const [, newest = "none"] = /newest\s+(\d+-\d+)/.exec(listed) ?? [];
    await book.run(poison.commands.show, { in: { "3-17": newest } });
    await platform.write("event.json", JSON.stringify(priceChange({ id: "42", version: "2", saysPrevious: false })));
    await book.run(poison.commands.explain, { code: 3 });
    await platform.write("corrected.yaml", shopRules());
    await platform.deploy(shopRules());
    fixed("the mended rule is deployed");
    expect(await cache.exists(PAGE)).toBe(1);
    await book.run(poison.commands.replay);
    await book.run(poison.commands.replay, { and: "--apply --because drill" });
    expect(await cache.exists(PAGE)).toBe(0);
    tell(`${PAGE}, whose event was a dead letter, is busted`);
    expect(await book.run(poison.commands.list)).toMatch(/: 0 open/);
    await resolved();
  });
}, 1_800_000);
