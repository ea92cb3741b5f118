import { expect, test } from "@jest/globals";
import { isLoopback } from "./loopback.js";

test.each(["127.0.0.1", "127.8.9.10", "::1", "[::1]", "::ffff:127.0.0.1", "localhost", "LOCALHOST", "kafka.localhost"])(
  "%s is this machine",
  (host) => {
    expect(isLoopback(host)).toBe(true);
  },
);

test.each([
  "10.0.0.1",
  "0.0.0.0",
  "::",
  "128.0.0.1",
  "127.0.0.1.example.com",
  "127.example.com",
  "localhost.example.com",
  "mylocalhost",
  "::ffff:10.0.0.1",
  "",
])("%s may be another", (host) => {
  expect(isLoopback(host)).toBe(false);
});
