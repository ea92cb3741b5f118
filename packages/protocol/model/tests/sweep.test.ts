import { sweepHoldings, sweepMutants } from "../sweep-cases.ts";
import { checkModel } from "./check-model.ts";
import { shippedSteps } from "./shipped-steps.ts";

checkModel(shippedSteps, { holdings: sweepHoldings, mutants: sweepMutants });
