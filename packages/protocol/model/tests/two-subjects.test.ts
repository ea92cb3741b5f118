import { twoSubjectsHoldings, twoSubjectsMutants } from "../two-subjects-model.ts";
import { checkModel } from "./check-model.ts";
import { shippedSteps } from "./shipped-steps.ts";

checkModel(shippedSteps, { holdings: twoSubjectsHoldings, mutants: twoSubjectsMutants });
