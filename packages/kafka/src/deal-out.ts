/** The topics that a member of the group reads. */
export interface Wishes {
  readonly memberId: string;
  readonly topics: readonly string[];
}

/** Each partition goes to the member that has the fewest so far, of those that want its topic. */
export function dealOut(
  wishes: readonly Wishes[],
  partitions: ReadonlyMap<string, readonly number[]>,
): ReadonlyMap<string, Record<string, number[]>> {
  const members = [...wishes].sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const shares = new Map<string, Record<string, number[]>>(members.map(({ memberId }) => [memberId, {}]));
  const counts = new Map<string, number>();
  for (const [topic, ids] of partitions) {
    for (const partition of ids) {
      const able = members.filter((member) => member.topics.includes(topic));
      const [first, ...others] = able;
      if (first === undefined) continue;
      const least = others.reduce((best, next) => (countOf(next) < countOf(best) ? next : best), first);
      counts.set(least.memberId, countOf(least) + 1);
      const share = shares.get(least.memberId) ?? {};
      share[topic] = [...(share[topic] ?? []), partition];
    }
  }
  return shares;

  function countOf({ memberId }: Wishes): number {
    return counts.get(memberId) ?? 0;
  }
}
