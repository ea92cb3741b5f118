import * as decide from "../../src/decide.js";
import { readable } from "../../src/decide-fill.js";
import { noTag } from "../../src/decide-tag.js";
import { noEntry } from "../../src/entry-state.js";
import { meetsFloors } from "../../src/floors.js";
import { parseVersion } from "../../src/version.js";
import type { Steps } from "../steps.ts";

/** The steps, imported as everyone imports them. */
export const shippedSteps: Steps = { ...decide, readable, meetsFloors, noEntry, noTag, parseVersion };
