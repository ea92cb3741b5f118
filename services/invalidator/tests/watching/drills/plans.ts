/** An alert that must fire, and what its page says of how long it takes. */
export interface Promised {
  readonly alert: string;
  readonly severity: "critical" | "warning";
  /** Words of the page's "When it fires". */
  readonly fires: string;
  /** Words of its "When it resolves". */
  readonly resolves: string;
}

/** What a drill holds runbooks to: a test compares it with the pages, so that they do not part between two drills. */
export interface Plan {
  readonly name: string;
  /** The first is the one whose page is followed. */
  readonly promised: readonly [Promised, ...Promised[]];
  /** Of the stated times: what the service itself takes, in its own seconds, which no scale divides. */
  readonly serviceMs: { readonly fires: number; readonly resolves: number };
  /** Every command of the page. */
  readonly commands: Readonly<Record<string, string>>;
}

const gone = { alert: "FreshetTargetGone", fires: "Within 2 minutes", resolves: "At the next scrape that succeeds" } as const;

export const stuck = {
  name: "stuck",
  promised: [
    { ...gone, severity: "critical" },
    { ...gone, severity: "warning" },
  ],
  serviceMs: { fires: 0, resolves: 5000 }, // after so long a sleep its first answer may be late
  commands: { lag: "freshet lag", check: "freshet rules check rules.yaml", goOn: "kill -CONT PID" },
} as const satisfies Plan;

export const silent = {
  name: "silent",
  promised: [
    {
      alert: "FreshetConsumerStuck",
      severity: "critical",
      fires: "within 3 where it has",
      resolves: "for an instance, when Kafka answers it",
    },
  ],
  serviceMs: { fires: 10_000, resolves: 10_000 }, // 8 s without an answer are trouble; then it tries again every few seconds
  commands: { lag: "freshet lag" },
} as const satisfies Plan;

const dead = { alert: "FreshetDeadLettersGrowing", resolves: "Ten minutes after the last dead letter" } as const;

export const poison = {
  name: "poison",
  promised: [
    { ...dead, severity: "critical", fires: "a flood of which every record is dead, within 3" },
    { ...dead, severity: "warning", fires: "Within 2 minutes of the first" },
  ],
  serviceMs: { fires: 0, resolves: 0 },
  commands: {
    list: "freshet dlq list --since 1h",
    show: "freshet dlq show 3-17",
    explain: "freshet rules explain rules.yaml --event event.json",
    replay: "freshet replay dlq --since 24h --rules corrected.yaml",
  },
} as const satisfies Plan;

export const redis = {
  name: "redis",
  promised: [
    { alert: "FreshetPartitionWaiting", severity: "critical", fires: "Within 3 minutes", resolves: "At the first slice that ends" },
  ],
  serviceMs: { fires: 10_000, resolves: 5000 }, // a slice fails after 10 s at the latest, and is tried again within 3
  commands: {
    config: "freshet config show",
    topics: "freshet topics create",
    lag: "freshet lag",
    replay: "freshet replay history --topic shop.products --from 30m --to 0s",
  },
} as const satisfies Plan;

export const rules = {
  name: "rules",
  promised: [
    {
      alert: "FreshetTopicMatchesNothing",
      severity: "critical",
      fires: "`critical` within 7 minutes",
      resolves: "At the first record for which a rule asks for something",
    },
  ],
  serviceMs: { fires: 8000, resolves: 3000 }, // the rollout; its first records
  commands: {
    explainEvent: "freshet rules explain rules.yaml --event event.json --topic shop.products",
    explainEntry: "freshet explain page:42 --family product-page",
    check: "freshet rules check rules.yaml",
    test: "freshet rules test rules.test.yaml",
    replay: "freshet replay history --topic shop.products --from 3h --to 0s",
  },
} as const satisfies Plan;
