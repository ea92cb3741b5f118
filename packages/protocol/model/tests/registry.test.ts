import { registryHoldings, registryMutants } from "../registry-model.ts";
import { checkModel } from "./check-model.ts";
import { shippedSteps } from "./shipped-steps.ts";

checkModel(shippedSteps, { holdings: registryHoldings, mutants: registryMutants });
