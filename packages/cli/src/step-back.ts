import { constants, setPriority } from "node:os";

/** Lowers the priority of this process: whatever else runs on the machine, the service perhaps, goes first. */
export function stepBack(): void {
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // not allowed here: then it competes as others do
  }
}
