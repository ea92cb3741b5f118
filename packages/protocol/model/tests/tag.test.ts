import { tagHoldings, tagMutants } from "../tag-cases.ts";
import { checkModel } from "./check-model.ts";
import { shippedSteps } from "./shipped-steps.ts";

checkModel(shippedSteps, { holdings: tagHoldings, mutants: tagMutants });
