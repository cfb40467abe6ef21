"""Waiting for a condition: the only way in which these tests let time pass."""

import time

GENEROUS_SECONDS = 30


def wait_until(condition, timeout=GENEROUS_SECONDS, what="the condition", interval=0.02):
    """Calls `condition` until it returns something true, and returns that. Fails after `timeout` seconds, with
    what the condition returned last."""
    deadline = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout} s for {what}; the last answer was {result!r}")
        time.sleep(interval)
