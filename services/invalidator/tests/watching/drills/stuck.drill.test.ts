import { until } from "@freshet/testkit";
import { expect, test } from "@jest/globals";
import { runAlertDrill } from "./alert-drill.js";
import { GROUP } from "./platform.js";
import { PAGE, page } from "./shop.js";

const gone = { alert: "FreshetTargetGone", fires: "Within 2 minutes", resolves: "At the next scrape that succeeds" } as const;

test("stuck: the only process is stopped (SIGSTOP)", async () => {
  await runAlertDrill(
    {
      name: "stuck",
      promised: [
        { ...gone, severity: "critical" },
        { ...gone, severity: "warning" },
      ],
      serviceMs: { fires: 0, resolves: 5000 }, // after so long a sleep its first answer may be late
    },
    async ({ platform, book, tell, fault, firing, fixed, resolved }) => {
      const { cache, shop, topics } = platform;
      const { pid } = platform.service();
      await cache.set(PAGE, page("1"));
      await fault(`SIGSTOP to the invalidator (pid ${pid})`, () => platform.service().kill("SIGSTOP"));
      await shop.change("42", "2");
      await firing();
      const isMissed = async () => (await topics.shares(GROUP)).length === 0;
      await until(isMissed, { timeoutMs: 60_000, pollMs: 500, what: "the brokers miss the process, too" });
      await book.run("freshet lag", { code: 3 });
      await book.run("freshet rules check rules.yaml");
      expect(await cache.exists(PAGE)).toBe(1);
      await book.run("kill -CONT PID", { in: { PID: String(pid) } });
      fixed("the process goes on");
      await resolved();
      await until(async () => (await cache.exists(PAGE)) === 0, { timeoutMs: 60_000, what: "what changed meanwhile is busted" });
      tell(`${PAGE}, whose price changed meanwhile, is busted`);
      await platform.caughtUp();
      await book.run("freshet lag");
      expect(platform.service().pid).toBe(pid);
    },
  );
}, 1_200_000);

test("stuck: the process hears nothing from Kafka (SIGSTOP of the broker)", async () => {
  await runAlertDrill(
    {
      name: "silent",
      promised: [
        {
          alert: "FreshetConsumerStuck",
          severity: "critical",
          fires: "within 3 where it has",
          resolves: "for an instance, when Kafka answers it",
        },
      ],
      serviceMs: { fires: 10_000, resolves: 10_000 }, // 8 s without an answer are trouble; then it tries again every few seconds
    },
    async ({ platform, book, fault, firing, fixed, resolved }) => {
      const { kafka } = platform;
      await fault(`SIGSTOP to the broker (pid ${kafka.pid})`, () => kafka.pause());
      await firing();
      await book.run("freshet lag", { code: 5 });
      kafka.resume();
      fixed("by hand: SIGCONT to the broker");
      await resolved();
      await platform.caughtUp();
      await book.run("freshet lag");
    },
  );
}, 1_200_000);
