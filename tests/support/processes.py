"""Starting and ending processes, each by its own pid. A child gets a signal when the test run dies, whatever the
reason, so that nothing outlives it. (The kernel ties this to the starting thread: start from the main one.)"""

import ctypes
import os
import signal
import subprocess

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1


def dies_with_us(signal_number):
    parent = os.getpid()

    def in_child():
        LIBC.prctl(PR_SET_PDEATHSIG, signal_number)
        if os.getppid() != parent:
            os._exit(1)

    return in_child


def spawn(arguments, *, death_signal=signal.SIGKILL, **options):
    """subprocess.Popen without standard input, tied to our life."""
    return subprocess.Popen([str(argument) for argument in arguments], stdin=subprocess.DEVNULL,
                            preexec_fn=dies_with_us(death_signal), **options)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end(process, timeout=30):
    """Kills it if it still runs; returns its exit code."""
    if process.poll() is None:
        process.kill()
    return process.wait(timeout)
