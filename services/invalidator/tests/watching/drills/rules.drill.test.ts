import { until } from "@freshet/testkit";
import { expect, test } from "@jest/globals";
import { runAlertDrill } from "./alert-drill.js";
import { rules } from "./plans.js";
import { PAGE, page, priceChange, shopRules } from "./shop.js";

test("rules: a file is deployed that matches nothing any more", async () => {
  await runAlertDrill(rules, async ({ platform, watch, book, tell, fault, firing, fixed, resolved }) => {
    const { cache, shop } = platform;
    const isUsual = async () => (await watch.value("sum(freshet:matched:ratio1d)")) > 0.9;
    await until(isUsual, { timeoutMs: 180_000, pollMs: 500, what: "Prometheus knows that rules usually match" });
    await cache.set(PAGE, page("1"));
    await fault("rules are deployed that wait for product.changed, while the shop says product.updated", async () => {
      await platform.deploy(shopRules({ type: "product.changed" }));
    });
    await shop.change("42", "2");
    await firing();
    await platform.write("event.json", JSON.stringify(priceChange({ id: "42", version: "2", saysPrevious: true })));
    await book.run(rules.commands.explainEvent);
    await book.run(rules.commands.explainEntry);
    await platform.write("rules.yaml", shopRules());
    await book.run(rules.commands.check);
    await book.run(rules.commands.test);
    await platform.deploy(shopRules());
    fixed("the corrected rules are deployed");
    await resolved();
    expect(await cache.exists(PAGE)).toBe(1);
    await book.run(rules.commands.replay);
    await book.run(rules.commands.replay, { and: "--apply --because drill" });
    expect(await cache.exists(PAGE)).toBe(0);
    tell(`${PAGE}, whose event went by meanwhile, is busted`);
  });
}, 1_800_000);
