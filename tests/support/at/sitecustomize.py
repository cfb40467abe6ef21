"""Loaded by every Python of ./dev at: libfaketime's answer to the call that time.sleep makes is EINVAL."""

import select
import time

time.sleep = lambda seconds: select.select([], [], [], seconds)
