// What on-call engineers run after an incident, as calls: dead letters, replays, jobs, the audit trail, explanations.
export { deadLetterTopicOf } from "./topics.js";
