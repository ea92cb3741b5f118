// Prints one script as it is shipped, for services in other languages: npm run -s print-script -w @freshet/store -- lease > lease.lua
import { scripts } from "../src/generated/scripts.ts";

const [name = ""] = process.argv.slice(2);
const found = Object.values(scripts).find((script) => script.name === name);
if (found === undefined) {
  process.stderr.write(`Name one of: ${Object.keys(scripts).join(" ")}\n`);
  process.exitCode = 2;
} else process.stdout.write(found.text);
