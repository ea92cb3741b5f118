import type { SweepEnd, SweepTrouble } from "@freshet/pipeline";
import { expect, test } from "@jest/globals";
import { createTelling } from "../tests/told.js";
import { createSweepEvents } from "./sweep-events.js";

const TAG = "user:4711";
const end: SweepEnd = { tag: TAG, busts: [], ageMs: 1500, members: 30, removed: 20, durationMs: 12 };
const trouble: SweepTrouble = {
  tag: TAG,
  code: "FR2001",
  problem: "Redis is gone",
  fix: "Bring it back",
  disposition: "wait",
  sinceMs: 1000,
  attempts: 1,
};

function setUp(level: string) {
  const sources = {
    sweeps: () => ({ pending: 2, oldestAgeMs: 4000, walking: 1, troubles: [trouble], indexSizes: new Map([["user", 70]]) }),
  };
  const clock = { nowMs: () => 9000 };
  const { metrics, logger, told } = createTelling({ level, clock, sources });
  const events = createSweepEvents({ logger, metrics, clock, mode: "apply" });
  return { events, metrics, told };
}

test("what is swept is counted, by what became of it", async () => {
  const { events, metrics } = setUp("silent");
  events.stepped(TAG, { members: 13, busts: 1, gone: [], removed: 6, softened: 1, own: 2, refused: 1 });
  events.sweepEnded(end);
  events.sweepLost(TAG);
  const text = await metrics.text();
  for (const line of [
    'freshet_members_swept_total{outcome="removed"} 6',
    'freshet_members_swept_total{outcome="softened"} 1',
    'freshet_members_swept_total{outcome="own"} 2',
    'freshet_members_swept_total{outcome="refused"} 1',
    'freshet_members_swept_total{outcome="other"} 3',
    'freshet_sweeps_total{outcome="ended"} 1',
    'freshet_sweeps_total{outcome="lost"} 1',
    'freshet_sweep_age_seconds_bucket{le="2.5"} 1',
    'freshet_sweep_age_seconds_bucket{le="1"} 0',
    "freshet_sweep_pending 2",
    "freshet_sweep_oldest_age_seconds 4",
    "freshet_sweep_waiting 1",
    'freshet_tag_index_members{tag="user"} 70',
    'freshet_oldest_unapplied_age_seconds{topic="",partition="sweeps"} 4',
  ])
    expect(text).toContain(`${line}\n`);
});

test("long walks are a line at info, others at debug, and no line holds a tag", () => {
  const { events, told } = setUp("info");
  events.sweepEnded(end);
  events.sweepEnded({ ...end, durationMs: 1200 });
  events.sweepLost(TAG);
  expect(told()).toMatchObject([
    { level: 30, msg: "sweep ended", members: 30, removed: 20, ms: 1200, ageMs: 1500 },
    { level: 40, msg: "sweep was taken over by another process" },
  ]);
  expect(JSON.stringify(told())).not.toContain("4711");
});

test("trouble is told at first and now and then, counted each time, and an error when somebody must act", async () => {
  const { events, metrics, told } = setUp("info");
  for (let attempts = 1; attempts <= 20; attempts++) events.sweepTrouble({ ...trouble, attempts });
  events.sweepTrouble({ ...trouble, tag: null, disposition: "halt" });
  expect(told().map(({ attempts, level }) => [attempts, level])).toEqual([
    [1, 40],
    [2, 40],
    [3, 40],
    [10, 40],
    [20, 40],
    [1, 50],
  ]);
  expect(told()[0]).toMatchObject({ code: "FR2001", problem: "Redis is gone", fix: "Bring it back", waitingMs: 8000 });
  expect(JSON.stringify(told())).not.toContain("4711");
  expect(await metrics.text()).toContain('freshet_redis_errors_total{code="FR2001"} 21\n');
});
