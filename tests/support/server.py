"""The program under test: one `relais serve` as a process of its own, and its other commands."""

import json
import os
import re
import signal
import subprocess

from support import paths, processes
from support.waiting import wait_until

READY = re.compile(r"relais ready on (http://127\.0\.0\.1:(\d+))")
SANITIZER = re.compile(r"(Sanitizer: |runtime error: |SUMMARY: \w+Sanitizer|Assertion .* failed)")
READY_SECONDS = 60
STOP_SECONDS = 60


def environment(extra=None):
    """Ours without the settings of somebody's own Relais: an unknown RELAIS_… would be refused."""
    clean = {name: value for name, value in os.environ.items()
             if not name.startswith("RELAIS_") and name != "DATABASE_URL" and not name.startswith("PG")}
    clean.setdefault("ASAN_OPTIONS", "detect_stack_use_after_return=1:strict_string_checks=1:exitcode=86")
    clean.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")
    clean.setdefault("TSAN_OPTIONS", "exitcode=66:second_deadlock_stack=1")
    clean.update(extra or {})
    return clean


def complaint(text):
    """What a sanitizer or an assert said, with what follows; None when nothing."""
    found = SANITIZER.search(text)
    return text[max(0, found.start() - 300):found.start() + 6000] if found else None


def command(*arguments, database=None, env=None, expect=0, timeout=120, cwd=None):
    """Runs `relais ARGUMENTS` to its end: (stdout, stderr), after checking the exit code (None: any)."""
    line = [str(paths.binary()), *map(str, arguments)]
    if database is not None:
        line += ["--database-url", database.url]
    done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
                          env=environment(env), cwd=cwd)
    assert complaint(done.stderr) is None, complaint(done.stderr)
    if expect is not None:
        assert done.returncode == expect, f"{line}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout, done.stderr


def create_key(database, name, scopes):
    out, _ = command("key", "create", "--name", name, "--scope", ",".join(scopes), database=database)
    key = out.strip()
    assert re.fullmatch(r"relais_(sk|pk)_[A-Za-z0-9_-]+", key), out
    return key


class Server:
    """`relais serve`. Start it from the main thread: it dies with the thread that started it."""

    def __init__(self, database, directory, name="server", env=None, arguments=()):
        self.database = database
        self.directory = directory
        self.name = name
        self.env = env
        self.arguments = list(arguments)
        self.log_path = directory / f"{name}.log"
        self.port = 0
        self.url = None
        self.process = None

    def start(self, wait=True):
        assert self.process is None or self.process.poll() is not None
        (self.directory / self.name).mkdir(parents=True, exist_ok=True)
        self.log_path.touch()
        self.log_start = self.log_path.stat().st_size
        with open(self.log_path, "ab") as log:
            self.process = processes.spawn(
                [paths.binary(), "serve", "--listen", f"127.0.0.1:{self.port}", "--database-url", self.database.url,
                 "--data-dir", self.directory / self.name, *self.arguments],
                stdout=log, stderr=log, env=environment(self.env))
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        wait_until(self._is_ready, READY_SECONDS, f"{self.name} to be ready")
        return self

    def _is_ready(self):
        assert self.process.poll() is None, f"{self.name} ended with {self.process.returncode}:\n{self.log_tail()}"
        found = READY.search(self.log_of_this_run())
        if not found:
            return False
        # A restart takes the same port, so that clients find it again.
        self.url, self.port = found[1], int(found[2])
        return True

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_of_this_run(self):
        with open(self.log_path, "rb") as log:
            log.seek(self.log_start)
            return log.read().decode(errors="replace")

    def log_tail(self):
        return complaint(self.log_of_this_run()) or self.log()[-4000:]

    def log_lines(self):
        """The log's JSON lines as objects, as far as they are written."""
        whole = self.log_of_this_run().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    @property
    def pid(self):
        return self.process.pid

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait_end(self):
        """After terminate(): it ended well, and no sanitizer had anything to say."""
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait(30)
            raise AssertionError(f"{self.name} did not stop in {STOP_SECONDS} s\n{self.log_tail()}") from None
        assert complaint(self.log_of_this_run()) is None, complaint(self.log_of_this_run())
        assert code == 0, f"{self.name} ended with {code}\n{self.log_tail()}"

    def stop(self):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.terminate()
        self.wait_end()

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.wait(30)
        assert complaint(self.log_of_this_run()) is None, complaint(self.log_of_this_run())

    def end(self):
        """For clean-up: gone, whatever it takes."""
        if self.process is not None:
            processes.end(self.process)
