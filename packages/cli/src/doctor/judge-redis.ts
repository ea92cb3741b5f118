import { boundsOf } from "@freshet/invalidator";
import type { ProbeFinding, PublishedBounds, TimeBounds } from "@freshet/store/port";
import { plural } from "../commands/dlq-text.js";
import { type Judged, looked, skipped, troubleWith } from "./check.js";
import { type Facts, knownOf, type ServerFacts } from "./facts.js";
import { type DoctorFinding, finding } from "./finding.js";

/** What the service's own probe would say. */
export function judgeRedis({ probe, servers }: Facts): Judged {
  if (probe.kind === "skipped") {
    const fix = "Say where Redis is: FRESHET_REDIS_URL=redis://host:6379.";
    const found = finding("redis-unconfigured", { subject: "FRESHET_REDIS_URL", problem: "it is not set", fix, code: "FR1002" });
    return skipped("redis", probe.because, [found]);
  }
  if (probe.kind === "failed") return skipped("redis", "could not be asked", [troubleWith("redis", probe.error)]);
  const seen = (knownOf(servers) ?? []).map(serverText).join("; ") || "it does not describe itself";
  return looked("redis", seen, probe.value.map(probed));
}

function probed({ fatal, about, code, problem, fix }: ProbeFinding): DoctorFinding {
  return finding(`redis-${about}`, { subject: "Redis", problem, fix, code, ...(fatal ? {} : { severity: "warning" }) });
}

function serverText({ address, product, version, isCluster, maxmemoryPolicy }: ServerFacts): string {
  const where = address === "" ? "" : `${address}: `;
  return `${where}${product}${version === "" ? "" : ` ${version}`}${isCluster ? ", cluster" : ""}, ${maxmemoryPolicy}`;
}

/** Shards further apart than this machine from them are judged by `skew` alone. */
const HERE_MAX_MS = 2000;

export function judgeClocks(facts: Facts): Judged {
  const servers = knownOf(facts.servers);
  if (servers === null) return skipped("clocks", "Redis could not be asked");
  const timed = servers.flatMap(({ address, aheadMs }) => (aheadMs === null ? [] : [{ address, ...aheadMs }]));
  if (timed.length === 0) return skipped("clocks", "Redis does not tell its time");
  const most = Math.max(...timed.map(({ least, most: upper }) => Math.max(least, -upper, 0)));
  const skewMs = knownOf(facts.rules)?.rules?.bounds.skewMs ?? null;
  const seen = `${plural(timed.length, "server")}, at least ${Math.round(most)} ms from this machine`;
  return looked("clocks", seen, [...between(timed, skewMs), ...here(most)]);
}

interface Timed {
  readonly address: string;
  readonly least: number;
  readonly most: number;
}

/** By how much two shards differ for certain, whatever the network did. */
function between(timed: readonly Timed[], skewMs: number | null): readonly DoctorFinding[] {
  const apartMs = Math.max(...timed.map(({ least }) => least)) - Math.min(...timed.map(({ most }) => most));
  if (skewMs === null || apartMs <= skewMs) return [];
  const problem = `clocks of shards are ${Math.round(apartMs)} ms apart, and the rules allow ${skewMs} ms`;
  return [
    finding("clock-shards", { subject: "Redis", problem, fix: "Mend their time service (NTP), or raise bounds.skew in the rules file." }),
  ];
}

function here(apartMs: number): readonly DoctorFinding[] {
  if (apartMs <= HERE_MAX_MS) return [];
  const problem = `this machine's clock and that of Redis are ${(apartMs / 1000).toFixed(1)} s apart`;
  return [finding("clock-here", { subject: "Redis", problem, fix: "Mend the time service (NTP) here and there." })];
}

/** What readers go by, against what the rules file says and what the protocol asks of both. */
export function judgeBounds(facts: Facts): Judged {
  const { bounds } = facts;
  if (bounds.kind === "skipped") return skipped("bounds", bounds.because);
  if (bounds.kind === "failed") return facts.probe.kind === "failed" ? skipped("bounds", "Redis could not be asked") : unread(bounds.error);
  if (bounds.value === null) {
    const fix = "Start the service: it publishes them, and again every minute.";
    return looked("bounds", "none are published", [
      finding("bounds-unpublished", { subject: "Redis", problem: "no time bounds are published", fix }),
    ]);
  }
  const published = bounds.value;
  const { leaseMs, floorMs } = published;
  return looked("bounds", `published: lease ${leaseMs} ms, floor ${floorMs} ms`, [
    ...short(published),
    ...differing(published, facts.rules),
  ]);
}

function unread(error: Parameters<typeof troubleWith>[1]): Judged {
  const { code, message: problem, fix } = error;
  if (code !== "FR2005") return skipped("bounds", "could not be asked", [troubleWith("redis", error)]);
  return looked("bounds", "published, and not readable", [finding("bounds-unreadable", { subject: "Redis", problem, fix, code })]);
}

function short(published: PublishedBounds): readonly DoctorFinding[] {
  const all = [["all families", published], ...Object.entries(published.families ?? {})] as const;
  return all.flatMap(([name, { leaseMs, lagMs, skewMs, fillMs, floorMs, tagFloorMs }]) => {
    const loadMs = leaseMs + lagMs + skewMs;
    if (floorMs >= loadMs && tagFloorMs >= loadMs + fillMs) return [];
    const problem = `floors live ${floorMs} ms (of tags ${tagFloorMs} ms), and a load may take ${loadMs} ms (with its fill ${loadMs + fillMs} ms)`;
    return [
      finding("floor-too-short", { subject: name, problem, fix: "Leave floors out of the rules file, or raise them.", code: "FR1006" }),
    ];
  });
}

const names = ["leaseMs", "lagMs", "skewMs", "fillMs", "floorMs", "tagFloorMs"] as const;

function differing(published: PublishedBounds, answer: Facts["rules"]): readonly DoctorFinding[] {
  const rules = knownOf(answer)?.rules;
  if (rules === null || rules === undefined) return [];
  const wanted = boundsOf(rules);
  const families = new Set([...Object.keys(published.families ?? {}), ...Object.keys(wanted.families ?? {})]);
  const differs = (ours: TimeBounds, there: TimeBounds) => names.some((name) => ours[name] !== there[name]);
  const apart = [...families].filter((name) => differs(published.families?.[name] ?? published, wanted.families?.[name] ?? wanted));
  const subjects = [...(differs(published, wanted) ? ["all families"] : []), ...apart];
  if (subjects.length === 0) return [];
  const problem = "what is published differs from the rules file";
  const fix = "Deploy this rules file, or look at the one that runs: its service publishes every minute.";
  return [finding("bounds-differ", { subject: subjects.join(", "), problem, fix })];
}
