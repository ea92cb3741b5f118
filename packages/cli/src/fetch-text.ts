const TIMEOUT_MS = 3000;
/** Half a million characters of a page are kept; whoever sends for ever is not listened to for longer. */
const CHARACTERS_MAX = 1_000_000;

/** What an address answers: its status, and its body as far as that is of use. Rejects when nothing comes in time; redirects are not followed. */
export async function fetchText(url: string): Promise<{ readonly status: number; readonly body: string }> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: "error" });
  const decoder = new TextDecoder();
  let body = "";
  for await (const chunk of answer.body ?? []) {
    body += decoder.decode(chunk, { stream: true });
    if (body.length > CHARACTERS_MAX) break;
  }
  return { status: answer.status, body: body.slice(0, CHARACTERS_MAX) };
}
