import { setPriority } from "node:os";

/** Above the 0 that processes begin with, and below what would starve it on a busy machine. */
const NICE = 5;

/** Lowers the priority of this process: whatever else runs on the machine, the service perhaps, goes first. */
export function stepBack(): void {
  try {
    setPriority(NICE);
  } catch {
    // not allowed here: then it competes as others do
  }
}
