import { expect, test } from "@jest/globals";
import { runAlertDrill } from "./alert-drill.js";
import { PAGE, page, priceChange, shopRules } from "./shop.js";

const dead = { alert: "FreshetDeadLettersGrowing", resolves: "Ten minutes after the last dead letter" } as const;

test("poison: a rule copes with none of the events that come", async () => {
  await runAlertDrill(
    {
      name: "poison",
      promised: [
        { ...dead, severity: "critical", fires: "a flood of which every record is dead, within 3" },
        { ...dead, severity: "warning", fires: "Within 2 minutes of the first" },
      ],
      serviceMs: { fires: 0, resolves: 0 },
    },
    async ({ platform, book, tell, fault, firing, fixed, resolved }) => {
      const { cache, shop } = platform;
      await platform.deploy(shopRules({ when: "data.price != previous.price" }));
      await cache.set(PAGE, page("1"));
      await fault("the shop says no price before any more, which no rule expects", () => {
        shop.saysPrevious = false;
      });
      await shop.change("42", "2");
      await firing();
      const listed = await book.run("freshet dlq list --since 1h");
      const [, newest = "none"] = /newest\s+(\d+-\d+)/.exec(listed) ?? [];
      await book.run("freshet dlq show 3-17", { in: { "3-17": newest } });
      await platform.write("event.json", JSON.stringify(priceChange({ id: "42", version: "2", saysPrevious: false })));
      await book.run("freshet rules explain rules.yaml --event event.json", { code: 3 });
      await platform.write("corrected.yaml", shopRules());
      await platform.deploy(shopRules());
      fixed("the mended rule is deployed");
      expect(await cache.exists(PAGE)).toBe(1);
      const replay = "freshet replay dlq --since 24h --rules corrected.yaml";
      await book.run(replay);
      await book.run(replay, { and: "--apply --because drill" });
      expect(await cache.exists(PAGE)).toBe(0);
      tell(`${PAGE}, whose event was a dead letter, is busted`);
      expect(await book.run("freshet dlq list --since 1h")).toMatch(/: 0 open/);
      await resolved();
    },
  );
}, 1_800_000);
