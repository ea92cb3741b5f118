import { until } from "@freshet/testkit";
import { expect, test } from "@jest/globals";
import { runAlertDrill } from "./alert-drill.js";
import { silent, stuck } from "./plans.js";
import { GROUP } from "./platform.js";
import { PAGE, page } from "./shop.js";

test("stuck: the only process is stopped (SIGSTOP)", async () => {
  await runAlertDrill(stuck, async ({ platform, book, tell, fault, firing, fixed, resolved }) => {
    const { cache, shop, topics } = platform;
    const { pid } = platform.service();
    await cache.set(PAGE, page("1"));
    await fault(`SIGSTOP to the invalidator (pid ${pid})`, () => platform.service().kill("SIGSTOP"));
    await shop.change("42", "2");
    await firing();
    const isMissed = async () => (await topics.shares(GROUP)).length === 0;
    await until(isMissed, { timeoutMs: 60_000, pollMs: 500, what: "the brokers miss the process, too" });
    await book.run(stuck.commands.lag, { code: 3 });
    await book.run(stuck.commands.check);
    expect(await cache.exists(PAGE)).toBe(1);
    await book.run(stuck.commands.goOn, { in: { PID: String(pid) } });
    fixed("the process goes on");
    await resolved();
    await until(async () => (await cache.exists(PAGE)) === 0, { timeoutMs: 60_000, what: "what changed meanwhile is busted" });
    tell(`${PAGE}, whose price changed meanwhile, is busted`);
    await platform.caughtUp();
    await book.run(stuck.commands.lag);
    expect(platform.service().pid).toBe(pid);
  });
}, 1_200_000);

test("stuck: the process hears nothing from Kafka (SIGSTOP of the broker)", async () => {
  await runAlertDrill(silent, async ({ platform, book, fault, firing, fixed, resolved }) => {
    const { kafka } = platform;
    await fault(`SIGSTOP to the broker (pid ${kafka.pid})`, () => kafka.pause());
    await firing();
    await book.run(silent.commands.lag, { code: 5 });
    kafka.resume();
    fixed("by hand: SIGCONT to the broker");
    await resolved();
    await platform.caughtUp();
    await book.run(silent.commands.lag);
  });
}, 1_200_000);
