"""Doing things at the same time."""

import concurrent.futures
import threading


def at_once(work, count):
    """Calls work(number) in `count` threads that start together; their results in order."""
    gate = threading.Barrier(count)

    def one(number):
        gate.wait(30)
        return work(number)

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))
