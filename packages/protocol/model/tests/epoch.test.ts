import { epochHoldings, epochMutants } from "../epoch-cases.ts";
import { checkModel } from "./check-model.ts";
import { shippedSteps } from "./shipped-steps.ts";

checkModel(shippedSteps, { holdings: epochHoldings, mutants: epochMutants });
