import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { until } from "@freshet/testkit";
import { z } from "zod";

/** Whoever Alertmanager calls: every receiver of its configuration in one. */
export interface Ears {
  /** For `url:` of receivers. */
  readonly url: string;
  close(): void;
}

const notice = z.object({
  receiver: z.string(),
  alerts: z.array(z.object({ status: z.string(), labels: z.record(z.string(), z.string()) })),
});

/** @param hear is given `receiver alert status` for each alert of each call. */
export async function openEars(hear: (told: string) => void): Promise<Ears> {
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => {
      const { receiver, alerts } = notice.parse(JSON.parse(body));
      for (const { status, labels } of alerts) hear(`${receiver} ${labels.alertname} ${status}`);
      response.end();
    });
  }).listen(0, "127.0.0.1");
  await until(() => server.listening, { what: "somebody listens" });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, close: () => void server.close() };
}

/** A configuration of Alertmanager, every call of it led to one address. */
export function leadTo(config: string, url: string): string {
  return config.replaceAll(/url: \S+/g, `url: ${url}`);
}
