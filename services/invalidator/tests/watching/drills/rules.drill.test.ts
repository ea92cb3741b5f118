import { until } from "@freshet/testkit";
import { expect, test } from "@jest/globals";
import { runAlertDrill } from "./alert-drill.js";
import { PAGE, page, priceChange, shopRules } from "./shop.js";

test("rules: a file is deployed that matches nothing any more", async () => {
  await runAlertDrill(
    {
      name: "rules",
      promised: [
        {
          alert: "FreshetTopicMatchesNothing",
          severity: "critical",
          fires: "`critical` within 7 minutes",
          resolves: "At the first record for which a rule asks for something",
        },
      ],
      serviceMs: { fires: 8000, resolves: 3000 }, // the rollout; its first records
    },
    async ({ platform, watch, book, tell, fault, firing, fixed, resolved }) => {
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
      await book.run("freshet rules explain rules.yaml --event event.json --topic shop.products");
      await book.run("freshet explain page:42 --family product-page");
      await platform.write("rules.yaml", shopRules());
      await book.run("freshet rules check rules.yaml");
      await book.run("freshet rules test rules.test.yaml");
      await platform.deploy(shopRules());
      fixed("the corrected rules are deployed");
      await resolved();
      expect(await cache.exists(PAGE)).toBe(1);
      const replay = "freshet replay history --topic shop.products --from 3h --to 0s";
      await book.run(replay);
      await book.run(replay, { and: "--apply --because drill" });
      expect(await cache.exists(PAGE)).toBe(0);
      tell(`${PAGE}, whose event went by meanwhile, is busted`);
    },
  );
}, 1_800_000);
