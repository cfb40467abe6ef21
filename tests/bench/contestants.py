"""Who is measured. Under wrk: Relais and its peers in Node. Without HTTP: pgbench writing the same rows with one
transaction for each submission (the floor), and a loop of batches (the limit). `measure` loads for some seconds and
gives a Sample."""

import contextlib
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
    pages_per_second: float = 0.0   # of readers meanwhile
    pages_p99_ms: float = 0.0
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
    reading_key: str


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


def wrk(url, place, seconds, part, addresses=None, new_percent=NEW_PERCENT):
    """Posts for some seconds, and gives what submissions.lua says of them. `part` is a letter: no other run of the cell
    has it. `addresses`: as many as come again; left out: as many as are stored."""
    arguments = ["wrk", "-t", "1", "-c", place.connections, "-d", f"{seconds}s", "--timeout", "10s",
                 "-s", HERE / "submissions.lua", url, "--", place.publishable_key, addresses or place.contacts,
                 new_percent, place.name + part, place.seed + ord(part)]
    process = processes.spawn(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        out = process.communicate(timeout=seconds + MARGIN_SECONDS)[0]
    finally:
        processes.end(process)
    lines = [line for line in out.splitlines() if line.startswith('{"requests"')]
    if process.returncode != 0 or not lines:
        raise RuntimeError(f"wrk ended with {process.returncode}: {out[-2000:]}")
    return json.loads(lines[0])


class Served:
    """Whoever answers form posts over HTTP; wrk posts. `serve` starts it for a cell and gives a Running."""

    addresses = None  # as many as are stored
    new_percent = NEW_PERCENT

    def beside(self, running, place, sample):
        """What else goes on while it is measured."""
        return contextlib.nullcontext()

    def _wrk(self, running, place, seconds, part):
        return wrk(running.url, place, seconds, part, self.addresses, self.new_percent)

    def measure(self, place):
        sample = Sample()
        rows = Rows(place)
        with self.serve(place) as running:
            warm_up = self._wrk(running, place, WARM_UP_SECONDS, "w")
            before = running.batches()
            meter = Meter(place.cluster, running.pid)
            with self.beside(running, place, sample):
                run = self._wrk(running, place, place.seconds, "m")
            sample.submissions = run["requests"]
            meter.stop(sample)
            sample.peak_memory_bytes = machine.peak_memory_bytes(running.pid)
            made, requests = (now - then for now, then in zip(running.batches(), before))
            sample.batch = requests / max(1, made)
        sample.seconds = run["seconds"]
        sample.per_second = run["requests"] / run["seconds"]
        sample.mean_ms, sample.p50_ms, sample.p99_ms = run["mean_ms"], run["p50_ms"], run["p99_ms"]
        stored = rows.stop(sample)
        if not sample.batch:  # it does not count them: each transaction draws one number
            sample.batch = 1 / max(1e-9, sample.rows_inserted.get("event_tx", 0) or 1)
        sample.faults += self._faults(place, sample, stored, warm_up, run)
        place.cluster.psql(place.database, "-c", "SELECT bench_number()")
        return sample

    def _faults(self, place, sample, stored, *parts):
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
        if stored >= ENOUGH_FOR_SHARES and (abs(new - self.new_percent / 100) > 0.05 or changed > 0.01):
            faults.append(f"contacts made {new}, changed {changed} for each submission")
        return faults


@dataclasses.dataclass
class Running:
    url: str
    pid: int
    batches: object = lambda: (0, 0)  # gives (transactions, operations) so far


class Relais(Served):
    name = "relais"

    @contextlib.contextmanager
    def serve(self, place):
        instance = server.Server(Url(place.cluster.url(place.database)), place.directory, "relais")
        try:
            instance.start()
            yield Running(instance.url, instance.pid, lambda: batches(instance))
            instance.stop()
        finally:
            instance.end()


class RelaisHot(Relais):
    """A hundred addresses that come again and again: everybody waits for the same rows."""

    name = "relais, 100 addresses"
    addresses = 100
    new_percent = 0


class RelaisRead(Relais):
    """Four readers page through the leads meanwhile; their p50 and p99 stand in the sample."""

    name = "relais, 4 readers"

    @contextlib.contextmanager
    def beside(self, running, place, sample):
        process = processes.spawn(
            ["wrk", "-t", "1", "-c", "4", "-d", f"{place.seconds}s", "-s", HERE / "readers.lua", running.url, "--",
             place.reading_key], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            yield
            out = process.communicate(timeout=MARGIN_SECONDS)[0]
        finally:
            processes.end(process)
        pages = json.loads(next(line for line in out.splitlines() if line.startswith('{"requests"')))
        sample.pages_per_second = pages["requests"] / pages["seconds"]
        sample.pages_p99_ms = pages["p99_ms"]
        if pages["wrong"]:
            sample.faults.append(f"{pages['wrong']} pages were not answered with 200")


class Peer(Served):
    """A Node program of tests/bench/peers: `pg`, `postgres` or `batching`."""

    def __init__(self, kind):
        self.kind = kind
        self.name = {"pg": "fastify + pg", "postgres": "fastify + postgres.js", "batching": "fastify, batching"}[kind]

    @contextlib.contextmanager
    def serve(self, place):
        environment = {**place.cluster.environment, "PEER": self.kind, "PGDATABASE": place.database,
                       "KEY": place.publishable_key, "NODE_ENV": "production"}
        process = processes.spawn(["node", HERE / "peers" / "server.mjs"], stdout=subprocess.PIPE, text=True,
                                  env=environment)
        try:
            ready = process.stdout.readline()
            if not ready.startswith("ready "):
                raise RuntimeError(f"{self.name} does not start")
            yield Running(f"http://127.0.0.1:{ready.split()[1]}", process.pid)
        finally:
            processes.end(process)


class Raw:
    """The limit: batches of 64 from two connections, nothing around them."""

    name = "raw libpq"

    def __init__(self, binary):
        self.binary = binary

    def measure(self, place):
        sample = Sample(batch=64)
        cluster = place.cluster
        rows = Rows(place)
        self._run(place, WARM_UP_SECONDS, place.seed)
        meter = Meter(cluster)
        run = self._run(place, place.seconds, place.seed + 1)
        sample.submissions = run["submissions"]
        meter.stop(sample)
        sample.seconds = run["seconds"]
        sample.per_second = run["submissions"] / run["seconds"]
        rows.stop(sample)
        cluster.psql(place.database, "-c", "SELECT bench_number()")
        return sample

    def _run(self, place, seconds, seed):
        done = subprocess.run(
            [self.binary, f"host={place.cluster.directory} user=postgres dbname={place.database} "
             "options='-c plan_cache_mode=force_generic_plan'", HERE / "peers" / "batch.sql", str(place.contacts),
             str(NEW_PERCENT), str(seed), str(seconds)],
            capture_output=True, text=True, timeout=seconds + MARGIN_SECONDS, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"raw ended with {done.returncode}: {done.stderr[-2000:]}")
        return json.loads(done.stdout)


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
