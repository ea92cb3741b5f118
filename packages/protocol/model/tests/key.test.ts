import { keyHoldings, keyMutants } from "../key-model.ts";
import { checkModel } from "./check-model.ts";
import { shippedSteps } from "./shipped-steps.ts";

checkModel(shippedSteps, { holdings: keyHoldings, mutants: keyMutants });
