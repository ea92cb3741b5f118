// Which marks of the jobs topic count, decided in one place: the commands ask here, and so does the service. Light to load.
export { letterIdOf } from "./dead-letters/letter-id.js";
export { type Mark, readMark } from "./dead-letters/marks.js";
export { isAbout, ResolvedLetters } from "./dead-letters/resolved-letters.js";
