/** Where the dead letters of a deployment lie. */
export function deadLetterTopicOf(deployment: string): string {
  return `freshet.dlq.${deployment}`;
}
