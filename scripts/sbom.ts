// Writes what the image of the service contains, as CycloneDX 1.5: npm run sbom [-- FILE]. Reads package-lock.json, asks nobody.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { billOf, type Lock } from "./sbom/bill.ts";

const root = join(import.meta.dirname, "..");
/** Those that services/invalidator/Dockerfile installs. */
const shipped = ["packages/cli", "services/invalidator", "packages/schema-registry"];

const target = resolve(process.argv[2] ?? join(root, "dist/sbom.cdx.json"));
const bill = billOf(JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as Lock, shipped);
mkdirSync(dirname(target), { recursive: true });
writeFileSync(target, `${JSON.stringify(bill, null, 2)}\n`);
console.log(`${bill.components.length} components in ${target}`);
