"""A PostgreSQL 15 cluster for the measurements: on a disk, durable, with its settings written down, reachable by a
Unix socket only. The tests' own cluster (support/postgres.py) is in memory and needs psycopg; this one needs psql."""

import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile

import machine
from support import processes
from support.waiting import wait_until

VERSION_WANTED = 15
# The same for everybody measured. Durability as a careful operator has it; memory and the log's compression as Relais gives
# them to a PostgreSQL of its own on a machine with 8 GB or more (README, "The database").
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "400",
    "shared_buffers": "1GB",
    "huge_pages": "off",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "4GB",
    "random_page_cost": "1.1",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_level": "replica",
    "wal_compression": "lz4",
    "wal_buffers": "16MB",
    "commit_delay": "0",
    # One checkpoint before each round (the copy of a database makes it), none within: it would fall upon one cell.
    "max_wal_size": "16GB",
    # A server that has run for a while writes its log into segments that it has used before. Making one stops every commit for
    # tens of milliseconds, and a cluster that is new would make one or two a second.
    "min_wal_size": "8GB",
    "checkpoint_timeout": "1h",
    "checkpoint_completion_target": "0.9",
    # Nor a vacuum, which comes about a minute after a fifth of a table is new, whoever is measured then.
    "autovacuum": "off",
    "jit": "off",
    "timezone": "UTC",
    "log_checkpoints": "off",
}
LOAD_SECONDS_MAX = 1800


def programs():
    """The folder of initdb, postgres, psql and pgbench: version 15 if it is there, else the newest."""
    found = {int(folder.parent.name): folder for folder in pathlib.Path("/usr/lib/postgresql").glob("*/bin")
             if (folder / "initdb").exists() and folder.parent.name.isdigit()}
    if found:
        return found.get(VERSION_WANTED, found[max(found)])
    on_path = shutil.which("initdb")
    if on_path:
        return pathlib.Path(on_path).resolve().parent
    raise SystemExit("bench: PostgreSQL's initdb is not installed: apt install postgresql")


def account():
    """PostgreSQL refuses to run as root: then the arguments of Popen that make it `postgres`."""
    if os.getuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class Cluster:
    """One postmaster in a new directory below `parent`; `remove` takes all of it away."""

    def __init__(self, parent, settings=None):
        self.bin = programs()
        self.settings = {**SETTINGS, **(settings or {})}
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="relais-bench-", dir=parent))
        self.process = None
        # For psql, pgbench and nothing else of libpq's environment.
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        self.environment.update(PGHOST=str(self.directory), PGUSER="postgres")

    def start(self):
        options = account()
        if options:
            os.chown(self.directory, options["user"], options["group"])
        self.directory.chmod(0o755)
        subprocess.run([self.bin / "initdb", "--pgdata", self.directory / "data", "--username", "postgres",
                        "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--data-checksums"],
                       check=True, capture_output=True, cwd=self.directory, **options)
        arguments = [self.bin / "postgres", "-D", self.directory / "data",
                     "-c", f"unix_socket_directories={self.directory}"]
        for name, value in self.settings.items():
            arguments += ["-c", f"{name}={value}"]
        with open(self.directory / "postgres.log", "wb") as log:
            self.process = processes.spawn(arguments, death_signal=signal.SIGQUIT, stdout=log, stderr=log,
                                           cwd=self.directory, **options)
        wait_until(self._answers, 60, "PostgreSQL", interval=0.1)
        return self

    def _answers(self):
        assert self.process.poll() is None, (self.directory / "postgres.log").read_text(errors="replace")[-4000:]
        return subprocess.run([self.bin / "pg_isready", "-q"], env=self.environment, check=False).returncode == 0

    def psql(self, database, *arguments, text=None):
        """psql to its end; what it printed."""
        done = subprocess.run([self.bin / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *map(str, arguments), database],
                              input=text, capture_output=True, text=True, env=self.environment, check=False,
                              timeout=LOAD_SECONDS_MAX)
        if done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr.strip()[-2000:]}")
        return done.stdout.strip()

    def row(self, database, statement):
        return self.psql(database, "-F", "\t", "-c", statement).split("\t")

    def number(self, database, statement):
        return int(self.psql(database, "-c", statement))

    def psql_together(self, database, *argument_lists):
        """Several psql at the same time; fails when one does."""
        running = [processes.spawn([self.bin / "psql", "-Xq", "-v", "ON_ERROR_STOP=1", *arguments, database],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self.environment)
                   for arguments in argument_lists]
        complaints = [process.communicate(timeout=LOAD_SECONDS_MAX)[1] for process in running]
        for process, complaint in zip(running, complaints):
            if process.returncode != 0:
                raise RuntimeError(f"psql: {complaint.decode(errors='replace').strip()[-2000:]}")

    def copy_database(self, template, name):
        self.psql("postgres", "-c", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.psql("postgres", "-c", f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")

    def url(self, database):
        return f"postgresql://postgres@/{database}?host={self.directory}"

    def cpu_seconds(self):
        """Of all its processes, those that have ended too."""
        return machine.family_cpu_seconds(self.process.pid)

    def wait_unused(self, database):
        """Until no client is left: their counters are then written."""
        wait_until(lambda: self.number("postgres", "SELECT count(*) FROM pg_stat_activity "
                                       f"WHERE datname = '{database}' AND backend_type = 'client backend'") == 0, 30, "the sessions' end", interval=0.1)

    def remove(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(30)
        shutil.rmtree(self.directory, ignore_errors=True)
