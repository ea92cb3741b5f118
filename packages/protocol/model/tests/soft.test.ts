import { softHoldings, softMutants } from "../soft-model.ts";
import { checkModel } from "./check-model.ts";
import { shippedSteps } from "./shipped-steps.ts";

checkModel(shippedSteps, { holdings: softHoldings, mutants: softMutants });
