import { randomBytes } from "node:crypto";

/** A name that nobody used before, good for keys, topics, groups and deployments: `<name>-<10 hex digits>`. */
export function freshPrefix(name = "test"): string {
  return `${name}-${randomBytes(5).toString("hex")}`;
}

/** A topic name that nobody used before. The broker of a test run creates no topic by itself: create it first. */
export function freshTopic(name = "topic"): string {
  return freshPrefix(name);
}
