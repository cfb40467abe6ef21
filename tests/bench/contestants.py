"""Who is measured: Relais under wrk, and the floor, which is pgbench writing the same rows with one transaction for
each submission. `measure` loads for some seconds and gives a Sample."""

import dataclasses
import json
import pathlib
import re
import subprocess
import time
import urllib.request

import machine
from support import processes, server
from support.waiting import wait_until

HERE = pathlib.Path(__file__).resolve().parent
NEW_PERCENT = 30
WARM_UP_SECONDS = 1
MARGIN_SECONDS = 60
ENOUGH_FOR_SHARES = 1000


@dataclasses.dataclass
class Sample:
    """One cell: what a contestant did in the measured time."""

    submissions: int = 0
    seconds: float = 0.0
    per_second: float = 0.0
    database_us: float = 0.0        # CPU of the cluster for each submission
    server_us: float = 0.0          # CPU of the service
    generator_us: float = 0.0       # CPU of wrk or pgbench
    foreign_cores: float = 0.0      # what something else on this machine used
    mean_ms: float = 0.0
    p50_ms: float = 0.0             # 0: not measured
    p99_ms: float = 0.0
    peak_memory_bytes: int = 0
    batch: float = 0.0              # submissions in a transaction
    wal_bytes: float = 0.0          # for each submission, like the next two
    rows_inserted: dict = dataclasses.field(default_factory=dict)
    rows_updated: dict = dataclasses.field(default_factory=dict)
    faults: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Place:
    """Where a cell is measured."""

    cluster: object
    database: str
    contacts: int       # stored before the round
    connections: int
    seconds: int
    name: str           # no other cell of this run has it
    seed: int
    directory: pathlib.Path
    publishable_key: str


class Meter:
    """Reads clocks twice; what lies between belongs to the cell."""

    def __init__(self, cluster, server_pid=None):
        self.cluster = cluster
        self.server_pid = server_pid
        self.kernel_threads = machine.kernel_threads()
        self.begin = self._read()

    def _read(self):
        return {
            "seconds": time.monotonic(),
            "busy": machine.busy_seconds(),
            "database": self.cluster.cpu_seconds(),
            "server": machine.cpu_seconds(self.server_pid) if self.server_pid else 0.0,
            "own": machine.own_cpu_seconds(),
        }

    def stop(self, sample, living_generator_seconds=0.0):
        """`living_generator_seconds`: CPU of a load generator that is not reaped yet."""
        used = {name: value - self.begin[name] for name, value in self._read().items()}
        generator = living_generator_seconds or used["own"]
        # Those that have ended meanwhile did little.
        kernel = sum(seconds - self.kernel_threads.get(pid, 0.0) for pid, seconds in machine.kernel_threads().items())
        ours = used["database"] + used["server"] + used["own"] + living_generator_seconds + kernel
        sample.seconds = used["seconds"]
        sample.foreign_cores = max(0.0, (used["busy"] - ours) / used["seconds"])
        for name, seconds in (("database", used["database"]), ("server", used["server"]), ("generator", generator)):
            setattr(sample, f"{name}_us", 1e6 * seconds / max(1, sample.submissions))


class Rows:
    """What PostgreSQL counted in a cell, warm-up included. Only when no session is left are its counters whole."""

    STATEMENT = ("SELECT coalesce(json_object_agg(relname, json_build_array(n_tup_ins, n_tup_upd)), '{}') "
                 "FROM pg_stat_user_tables")

    def __init__(self, place):
        self.place = place
        self.begin = self._read()

    def _read(self):
        cluster, database = self.place.cluster, self.place.database
        cluster.wait_unused(database)
        rows = json.loads(cluster.psql(database, "-c", self.STATEMENT))
        return rows, cluster.number(database, "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint")

    def stop(self, sample):
        """Fills in rows and WAL for each submission; gives the number of submissions stored."""
        (rows, wal), (rows_before, wal_before) = self._read(), self.begin
        stored = rows["activity"][0] - rows_before.get("activity", (0, 0))[0]
        for column, target in enumerate((sample.rows_inserted, sample.rows_updated)):
            for table, counts in sorted(rows.items()):
                count = counts[column] - rows_before.get(table, (0, 0))[column]
                if count > 0:
                    target[table] = round(count / max(1, stored), 3)
        sample.wal_bytes = (wal - wal_before) / max(1, stored)
        return stored


class Relais:
    name = "relais"

    def measure(self, place):
        sample = Sample()
        rows = Rows(place)
        instance = server.Server(Url(place.cluster.url(place.database)), place.directory, "relais")
        try:
            instance.start()
            warm_up = self._wrk(instance, place, WARM_UP_SECONDS, "w")
            batches_before = batches(instance)
            meter = Meter(place.cluster, instance.pid)
            run = self._wrk(instance, place, place.seconds, "m")
            sample.submissions = run["requests"]
            meter.stop(sample)
            sample.peak_memory_bytes = machine.peak_memory_bytes(instance.pid)
            made, requests = (after - before for after, before in zip(batches(instance), batches_before))
            sample.batch = requests / max(1, made)
            instance.stop()
        finally:
            instance.end()
        sample.seconds = run["seconds"]
        sample.per_second = run["requests"] / run["seconds"]
        sample.mean_ms, sample.p50_ms, sample.p99_ms = run["mean_ms"], run["p50_ms"], run["p99_ms"]
        stored = rows.stop(sample)
        sample.faults += self._faults(place, sample, stored, warm_up, run)
        return sample

    @staticmethod
    def _faults(place, sample, stored, *parts):
        faults = []
        for part in parts:
            wrong = {status: count for status, count in part["statuses"].items() if status != "201"}
            if wrong or part["socket_errors"] or part["timeouts"]:
                faults.append(f"answers other than 201: {wrong or 'none'}, socket errors: "
                              f"{part['socket_errors']}, time-outs: {part['timeouts']}")
        acknowledged = sum(part["statuses"].get("201", 0) for part in parts)
        # wrk hangs up on what is under way at its end; that may be stored or not.
        if not acknowledged <= stored <= acknowledged + 2 * place.connections:
            faults.append(f"{acknowledged} submissions were acknowledged, {stored} are stored")
        # Claims of stored contacts say nothing new: else load.sql and submissions.lua do not agree.
        new, changed = sample.rows_inserted.get("contact", 0), sample.rows_updated.get("contact", 0)
        if stored >= ENOUGH_FOR_SHARES and (abs(new - NEW_PERCENT / 100) > 0.05 or changed > 0.01):
            faults.append(f"contacts made {new}, changed {changed} for each submission")
        return faults

    @staticmethod
    def _wrk(instance, place, seconds, part):
        arguments = ["wrk", "-t", "1", "-c", place.connections, "-d", f"{seconds}s", "--timeout", "10s",
                     "-s", HERE / "submissions.lua", instance.url, "--", place.publishable_key, place.contacts,
                     NEW_PERCENT, place.name + part, place.seed + ord(part)]
        process = processes.spawn(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            out = process.communicate(timeout=seconds + MARGIN_SECONDS)[0]
        finally:
            processes.end(process)
        lines = [line for line in out.splitlines() if line.startswith('{"requests"')]
        if process.returncode != 0 or not lines:
            raise RuntimeError(f"wrk ended with {process.returncode}: {out[-2000:]}")
        return json.loads(lines[0])


class Floor:
    """pgbench with a script of ours: `cte` or `statements`."""

    def __init__(self, kind):
        self.name = f"pgbench {kind}"
        self.script = HERE / f"floor_{kind}.sql"

    def measure(self, place):
        sample = Sample(batch=1)
        cluster = place.cluster
        rows = Rows(place)
        before = self._made(place)
        process = processes.spawn(
            [cluster.bin / "pgbench", "--no-vacuum", "--protocol=prepared", f"--file={self.script}",
             f"--client={place.connections}", f"--jobs={min(2, place.connections)}",
             f"--time={place.seconds + WARM_UP_SECONDS + 2}", f"--random-seed={place.seed}",
             f"--define=contacts={place.contacts}", f"--define=new_percent={NEW_PERCENT}", place.database],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            # Made once: planning such a statement takes longer than running it.
            env={**cluster.environment, "PGOPTIONS": "-c plan_cache_mode=force_generic_plan"})
        try:
            wait_until(lambda: self._made(place) > before or process.poll() is not None, MARGIN_SECONDS,
                       "pgbench's first transaction", interval=0.1)
            time.sleep(WARM_UP_SECONDS)
            begin = self._made(place)
            generator = machine.cpu_seconds(process.pid)
            meter = Meter(cluster)
            time.sleep(place.seconds)
            sample.submissions = self._made(place) - begin
            meter.stop(sample, machine.cpu_seconds(process.pid) - generator)
            out = process.communicate(timeout=MARGIN_SECONDS)[0]
        finally:
            processes.end(process)
        sample.per_second = sample.submissions / sample.seconds
        latency = re.search(r"latency average = ([0-9.]+) ms", out)
        sample.mean_ms = float(latency[1]) if latency else 0.0
        stored = rows.stop(sample)
        done = re.search(r"number of transactions actually processed: (\d+)", out)
        if process.returncode != 0 or not done or int(done[1]) != stored:
            raise RuntimeError(f"pgbench ended with {process.returncode}, {stored} submissions are stored: {out[-2000:]}")
        cluster.psql(place.database, "-c", "SELECT bench_number()")
        return sample

    @staticmethod
    def _made(place):
        """Transactions so far: each draws one number."""
        return place.cluster.number(place.database, "SELECT last_value FROM event_tx_id_seq")


@dataclasses.dataclass
class Url:
    """As much of a database as support.server wants to know."""

    url: str


def batches(instance):
    """(transactions, operations) of the lane that stores submissions."""
    with urllib.request.urlopen(f"{instance.url}/metrics", timeout=MARGIN_SECONDS) as answer:
        text = answer.read().decode()
    return [float(re.search(rf'^relais_store_{what}_total{{lane="ingest"}} (\S+)$', text, re.M)[1])
            for what in ("batches", "operations")]
