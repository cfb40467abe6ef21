"""The part of `./dev bench sla` about the scheduler: how late clocks are flagged, and what it costs while nothing is due.

Late. A hundred thousand clocks fall due evenly within a minute. A clock's lateness is the time at which the transaction
that flagged it was committed (PostgreSQL notes it), less its deadline, both by the database's clock.

Idle. The same clocks, due an hour later, and commitments of both teams, with a filter and a capacity; nobody asks for
anything. The processor time of the service and of PostgreSQL,
and of PostgreSQL alone before the service was started."""

import contextlib
import dataclasses
import json
import time

import contestants
import machine
import workload
from report import FOREIGN_CORES_MAX
from support import server
from support.waiting import wait_until

CLUSTER_SETTINGS = {"track_commit_timestamp": "on"}
LATE_SECONDS_MAX = 1.0
IDLE_CORE_MAX = 0.01
IDLE_DATABASE, DUE_DATABASE = "sla_idle", "sla_due"
AN_HOUR = 3600
SETTLE_SECONDS = 15    # of a server that has just looked at everything
LEAD_SECONDS = 10      # between the end of the loading and the first deadline
START_SECONDS = 2      # after the server is ready; what was due before is not measured
FLAG_SECONDS_MAX = 600

COMMITMENTS = [
    {"team": "marketing", "metric": "leads_delivered", "at_least": 50, "capacity": 1_000_000},
    {"team": "marketing", "metric": "fit_share", "at_least": 0.6, "filter": {">=": [{"var": "company_size"}, 1000]}},
    {"team": "sales", "metric": "contacted_in_time_rate", "at_least": 0.9},
    {"team": "sales", "metric": "verdict_in_time_rate", "at_least": 0.9},
]

LATE = """
SELECT row_to_json(x) FROM (
    SELECT count(*) AS clocks, count(*) FILTER (WHERE state = 'breached') AS breached,
           count(*) FILTER (WHERE breached_at < due_at OR committed_at < due_at) AS early,
           count(*) FILTER (WHERE due_at >= '{since}') AS measured,
           percentile_disc(ARRAY[0.5, 0.99, 1]) WITHIN GROUP (ORDER BY extract(epoch FROM committed_at - due_at)::float8)
               FILTER (WHERE due_at >= '{since}') AS late,
           percentile_disc(ARRAY[0.5, 0.99, 1]) WITHIN GROUP (ORDER BY extract(epoch FROM breached_at - due_at)::float8)
               FILTER (WHERE due_at >= '{since}') AS decided,
           (SELECT count(*) FROM event WHERE type = 'sla.breached') AS told,
           (SELECT count(DISTINCT data ->> 'clock_id') FROM event WHERE type = 'sla.breached') AS told_of
    FROM (SELECT *, pg_xact_commit_timestamp(xmin) AS committed_at FROM sla_clock) AS k) AS x"""


@dataclasses.dataclass
class Use:
    """Shares of a core."""

    server: float
    database: float
    foreign: float


def watch(cluster, pids, seconds):
    """What the cluster and these processes use for so long."""
    def read():
        return (time.monotonic(), sum(map(machine.cpu_seconds, pids)), cluster.cpu_seconds(), machine.busy_seconds(),
                machine.own_cpu_seconds())

    begin = read()
    time.sleep(seconds)
    wall, served, stored, busy, own = (now - then for now, then in zip(read(), begin))
    return Use(served / wall, stored / wall, max(0.0, busy - served - stored - own) / wall)


class Scheduler:
    def __init__(self, given, cluster, template, directory, store_clocks):
        self.given, self.cluster, self.template, self.directory = given, cluster, template, directory
        self.store_clocks = store_clocks
        self.faults = []

    @contextlib.contextmanager
    def instances(self, database, count):
        """Servers that have started."""
        url = contestants.Url(self.cluster.url(database))
        made = [server.Server(url, self.directory, f"{database}-{number}") for number in range(count)]
        try:
            for one in made:
                one.start()
            yield made
            for one in made:
                one.stop()
        finally:
            for one in made:
                one.end()

    def measure_idle(self):
        self.cluster.copy_database(self.template, IDLE_DATABASE)
        self.store_clocks(self.cluster, IDLE_DATABASE, self.given.clocks, breached=0, ended=0, first_in_seconds=AN_HOUR)
        self.cluster.wait_unused(IDLE_DATABASE)
        self.alone = watch(self.cluster, [], self.given.idle_seconds)
        admin = server.create_key(contestants.Url(self.cluster.url(IDLE_DATABASE)), "set-up", ["admin"])
        with self.instances(IDLE_DATABASE, 1) as (one,):
            for body in COMMITMENTS:
                workload.post(one.url, admin, "/v1/sla/commitments", {"name": body["metric"], "period": {"every": "week"}, **body})
            wait_until(lambda: self.cluster.number(IDLE_DATABASE, "SELECT count(*) FROM handoff_match") == self.given.clocks,
                       FLAG_SECONDS_MAX, "the filter", interval=0.5)
            time.sleep(SETTLE_SECONDS)
            seen = []
            while len(seen) < self.given.attempts and not any(use.foreign <= FOREIGN_CORES_MAX for use in seen):
                seen.append(watch(self.cluster, [one.pid], self.given.idle_seconds))
            self.idle = min(seen, key=lambda use: use.foreign)

    def measure_late(self):
        cluster = self.cluster
        cluster.copy_database(self.template, DUE_DATABASE)
        begin = time.monotonic()
        self.store_clocks(cluster, DUE_DATABASE, self.given.clocks, breached=0, ended=0, first_in_seconds=AN_HOUR,
                          due_within_seconds=self.given.due_seconds)
        # Nearer, once it is known that they are stored.
        cluster.psql(DUE_DATABASE, "-c", f"""
            UPDATE sla_clock SET due_at = due_at - shift, wake_at = wake_at - shift
            FROM (SELECT min(due_at) - relais_now() - interval '{LEAD_SECONDS + (time.monotonic() - begin):.0f} seconds' AS shift
                  FROM sla_clock) AS s""", "-c", "VACUUM (ANALYZE) sla_clock")
        with self.instances(DUE_DATABASE, self.given.instances) as made:
            self.since = cluster.psql(DUE_DATABASE, "-c", f"SELECT relais_now() + interval '{START_SECONDS} seconds'")
            waiting = "SELECT extract(epoch FROM min(wake_at) - relais_now()) FROM sla_clock"
            wait_until(lambda: float(cluster.psql(DUE_DATABASE, "-c", waiting) or 0) < 1, FLAG_SECONDS_MAX, "the first", interval=0.2)
            self.busy = watch(cluster, [one.pid for one in made], self.given.due_seconds)
            wait_until(lambda: cluster.psql(DUE_DATABASE, "-c", waiting) == "", FLAG_SECONDS_MAX, "the last", interval=0.2)
        self.late = json.loads(cluster.psql(DUE_DATABASE, "-c", LATE.format(since=self.since)))
        if self.late["early"]:
            self.faults.append(f"{self.late['early']} clocks were flagged too early")
        if {self.late[name] for name in ("clocks", "breached", "told", "told_of")} != {self.given.clocks}:
            self.faults.append(f"not each clock was flagged once: {self.late}")
        if self.late["measured"] < self.given.clocks / 2:
            self.faults.append(f"only {self.late['measured']} clocks fell due after the start: the machine is too slow for this")

    def run(self):
        self.measure_idle()
        self.measure_late()
        if max(self.idle.foreign, self.busy.foreign) > FOREIGN_CORES_MAX:
            print(f"(disturbed: others used {self.idle.foreign:.2f} core while it was idle, {self.busy.foreign:.2f} while "
                  "clocks fell due)", flush=True)

    def gates(self):
        late, idle = self.late["late"][1], self.idle.server + self.idle.database
        yield f"scheduler: p99 {late:.3f} s late (at most {LATE_SECONDS_MAX:g} s)", late <= LATE_SECONDS_MAX
        yield (f"scheduler: {100 * idle:.2f} % of a core while nothing is due (at most {100 * IDLE_CORE_MAX:g} %)",
               idle <= IDLE_CORE_MAX)

    def report(self):
        late, decided = self.late["late"], self.late["decided"]
        yield (f"{self.given.clocks:,} clocks due within {self.given.due_seconds} s, {self.given.instances} instances; "
               f"{self.late['measured']:,} measured")
        yield ""
        yield "| | p50 | p99 | at most |"
        yield "| --- | --- | --- | --- |"
        yield "| flag committed after the deadline | " + " | ".join(f"{1000 * one:.0f} ms" for one in late) + " |"
        yield "| its breached_at after the deadline | " + " | ".join(f"{1000 * one:.0f} ms" for one in decided) + " |"
        yield ""
        yield "| share of a core | service | PostgreSQL | others |"
        yield "| --- | --- | --- | --- |"
        for name, use in (("while clocks fall due", self.busy), ("while nothing is due", self.idle),
                          ("PostgreSQL without the service", self.alone)):
            yield f"| {name} | {100 * use.server:.2f} % | {100 * use.database:.2f} % | {100 * use.foreign:.0f} % |"
