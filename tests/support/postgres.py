"""A PostgreSQL cluster for the tests: made in a temporary directory, on a Unix socket and a free port of
127.0.0.1, with fsync on (Relais refuses to serve without), ended by pid."""

import datetime
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile

import psycopg

from support import processes
from support.waiting import wait_until

TEMPORARY_PREFIX = "relais-tests-"
SPACE_NEEDED_BYTES = 2 << 30
VERSION_WANTED = 15


def programs():
    """The folder of initdb and postgres: version 15 if it is there, else the newest."""
    found = {}
    for folder in pathlib.Path("/usr/lib/postgresql").glob("*/bin"):
        if (folder / "initdb").exists() and folder.parent.name.isdigit():
            found[int(folder.parent.name)] = folder
    if found:
        return found.get(VERSION_WANTED, found[max(found)])
    on_path = shutil.which("initdb")
    if on_path:
        return pathlib.Path(on_path).resolve().parent
    raise RuntimeError("PostgreSQL's initdb is not installed")


def temporary_directory():
    """In memory where there is room, else on disk. What dead runs left behind is removed."""
    memory = pathlib.Path("/dev/shm")
    parent = pathlib.Path(tempfile.gettempdir())
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > SPACE_NEEDED_BYTES:
        parent = memory
    for old in parent.glob(TEMPORARY_PREFIX + "*"):
        pid = old.name.removeprefix(TEMPORARY_PREFIX).split("-")[0]
        if pid.isdigit() and not processes.is_alive(int(pid)):
            shutil.rmtree(old, ignore_errors=True)
    directory = pathlib.Path(tempfile.mkdtemp(prefix=f"{TEMPORARY_PREFIX}{os.getpid()}-", dir=parent))
    directory.chmod(0o755)
    return directory


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def account():
    """PostgreSQL refuses to run as root: then the arguments of Popen that make it `postgres`."""
    if os.getuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class Cluster:
    """One postmaster. The superuser is `postgres`, without a password, for this machine only."""

    SETTINGS = {
        "max_connections": 200,
        "shared_buffers": "64MB",
        "fsync": "on",
        "synchronous_commit": "on",
        "log_line_prefix": "%m [%p] %d ",
        "log_min_messages": "warning",
        "timezone": "UTC",
        # Short, so that dead sessions of killed servers do not pile up.
        "tcp_keepalives_idle": 5,
        "client_connection_check_interval": "2s",
    }

    def __init__(self, settings=None):
        self.settings = {**self.SETTINGS, **(settings or {})}
        self.bin = programs()
        self.directory = temporary_directory()
        self.log_path = self.directory / "postgres.log"
        self.port = free_port()
        self.env = {}  # for the postmaster, beside ours
        self.process = None
        self._make()

    def _make(self):
        options = account()
        if options:
            os.chown(self.directory, options["user"], options["group"])
        subprocess.run([self.bin / "initdb", "--pgdata", self.directory / "data", "--username", "postgres",
                        "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"],
                       check=True, capture_output=True, cwd=self.directory, **options)

    def start(self):
        arguments = [self.bin / "postgres", "-D", self.directory / "data", "-p", self.port,
                     "-c", f"unix_socket_directories={self.directory}", "-c", "listen_addresses=127.0.0.1"]
        for name, value in self.settings.items():
            arguments += ["-c", f"{name}={value}"]
        with open(self.log_path, "ab") as log:
            self.process = processes.spawn(arguments, death_signal=signal.SIGQUIT, stdout=log, stderr=log,
                                           cwd=self.directory, env={**os.environ, **self.env}, **account())
        wait_until(self.answers, 60, "PostgreSQL")
        return self

    def answers(self):
        assert self.process.poll() is None, self.log_path.read_text(errors="replace")[-4000:]
        try:
            with psycopg.connect(self.url("postgres"), connect_timeout=5):
                return True
        except psycopg.OperationalError:
            return False

    def url(self, database):
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def connect(self, database="postgres"):
        return psycopg.connect(self.url(database), autocommit=True)

    def create_database(self, template=None):
        name = f"t_{secrets.token_hex(6)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        return Database(self, name)

    def kill(self):
        """kill -9 of the postmaster. Its children notice by themselves; returns when all are gone."""
        children = self._children()
        self.process.kill()
        self.process.wait(30)
        wait_until(lambda: not any(processes.is_alive(pid) for pid in children), 60, "the backends' end")

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def pids(self):
        """The postmaster and its children of now."""
        return [self.process.pid, *self._children()]

    def stop_at_once(self):
        """Immediate mode: sessions are cut, nothing is finished; the next start recovers."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(30)

    def _children(self):
        listing = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in listing.split()]

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(30)

    def remove(self):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


def hold_contact(connection, email):
    """The contact of that address, nobody but this connection changes it until its transaction ends."""
    owner = connection.execute("SELECT contact_id FROM email_identity WHERE email_key = %s", [email]).fetchone()[0]
    connection.execute("SELECT pg_advisory_xact_lock(contact_lock_key(%s))", [owner])
    return owner


class Database:
    """One database: to look into, and to move its clock."""

    def __init__(self, cluster, name):
        self.cluster = cluster
        self.name = name

    @property
    def url(self):
        return self.cluster.url(self.name)

    def connect(self):
        return self.cluster.connect(self.name)

    def rows(self, statement, *parameters):
        with self.connect() as connection:
            return connection.execute(statement, parameters or None).fetchall()

    def value(self, statement, *parameters):
        row = self.rows(statement, *parameters)
        return row[0][0] if row else None

    def execute(self, statement, *parameters):
        with self.connect() as connection:
            connection.execute(statement, parameters or None)

    def now(self):
        """The time as Relais sees it."""
        return self.value("SELECT relais_now()")

    def move_clock(self, ahead):
        """relais_now() is `ahead` (a timedelta) of the machine's clock from now on. Only forward."""
        with self.connect() as connection, connection.transaction():
            before = connection.execute("SELECT max(ahead) FROM test_clock").fetchone()[0]
            assert before is None or ahead >= before, "a clock does not go back"
            connection.execute("DELETE FROM test_clock")
            connection.execute("INSERT INTO test_clock (ahead) VALUES (%s)", (ahead,))

    def pass_time(self, delta):
        """So much later than now, for Relais."""
        self.move_clock((self.value("SELECT max(ahead) FROM test_clock") or datetime.timedelta()) + delta)

    def move_clock_to(self, moment):
        """It is this moment now, for Relais."""
        self.pass_time(moment - self.now())

    def drop(self):
        with self.cluster.connect() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
