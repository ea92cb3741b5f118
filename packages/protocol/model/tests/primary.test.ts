import { primaryHoldings, primaryMutants } from "../primary-model.ts";
import { checkModel } from "./check-model.ts";
import { shippedSteps } from "./shipped-steps.ts";

checkModel(shippedSteps, { holdings: primaryHoldings, mutants: primaryMutants });
