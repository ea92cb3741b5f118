import { configurationPage } from "@freshet/invalidator";
import { contracts } from "../schemas/contracts.ts";
import { schemaText } from "../schemas/json-schema.ts";
import { dependenciesFile } from "./dependencies-page.ts";
import { errorsPage } from "./errors-page.ts";
import { limitsPage } from "./limits-page.ts";

/** One generated file. */
export interface Output {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** Every file that is generated from the code, as it should be now. */
export function outputs(): readonly Output[] {
  return [
    ...contracts.map((contract) => ({ path: `schemas/${contract.name}.json`, text: schemaText(contract) })),
    { path: "docs/reference/errors.md", text: errorsPage() },
    { path: "infra/dependencies.json", text: dependenciesFile() },
    { path: "docs/reference/limits.md", text: limitsPage() },
    { path: "docs/reference/configuration.md", text: configurationPage() },
  ];
}
