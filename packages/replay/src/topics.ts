/** Where the dead letters of a deployment lie. */
export function deadLetterTopicOf(deployment: string): string {
  return `freshet.dlq.${deployment}`;
}

/** Where it is written down who busted or replayed what by hand. */
export function auditTopicOf(deployment: string): string {
  return `freshet.audit.${deployment}`;
}

/** Where replay jobs and resolved dead letters are written down, the latest state of each. */
export function jobsTopicOf(deployment: string): string {
  return `freshet.jobs.${deployment}`;
}
