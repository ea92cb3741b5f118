import type { Say } from "../servers/system-packages.js";

/** A real Kafka and a real Redis for one test run. */
export interface Provision {
  /** Which way was taken, and with what, in a few words. */
  readonly told: string;
  /** `host:port` */
  readonly kafka: string;
  /** `redis://host:port` */
  readonly redis: string;
  /** Takes down what was brought up. Safe to call twice. */
  close(): Promise<void>;
}

/** One way to them. */
export interface Provider {
  readonly name: "env" | "docker" | "native";
  /** What somebody must do for this way to work, in one line. */
  readonly needs: string;
  /** @throws Error that says what this way lacks; nothing is left behind then. */
  provide(say: Say): Promise<Provision>;
}
