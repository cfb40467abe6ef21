"""A host's clock that jumps, for one process and its children: libfaketime reads from a file how far they are ahead of
the machine. As on a real host only the wall clock jumps; the monotonic clock goes on."""

import datetime
import pathlib

import pytest

LIBRARIES = "/usr/lib/*/faketime/libfaketimeMT.so.1"


def library():
    """The path of libfaketime; skips the test where it is not installed."""
    found = sorted(pathlib.Path("/").glob(LIBRARIES.lstrip("/")))
    if not found:
        pytest.skip("libfaketime is not installed")
    return found[0]


class HostClock:
    """`clock.environment()` for who lives by it; `clock.jump(ahead)` while they run."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.jump(datetime.timedelta())

    def environment(self, is_cached=True):
        """Cached: the file is read once a second, else at every look at the clock."""
        return {
            **({"FAKETIME_CACHE_DURATION": "1"} if is_cached else {"FAKETIME_NO_CACHE": "1"}),
            "LD_PRELOAD": str(library()),
            "FAKETIME_TIMESTAMP_FILE": str(self.path),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",  # the same for older releases
            # A sanitizer wants to be the first library: see that it does not mind.
            "ASAN_OPTIONS": "verify_asan_link_order=0:exitcode=86",
        }

    def jump(self, ahead):
        """So far (a timedelta) ahead of the machine's clock from now on; at once, never half written."""
        new = self.path.with_suffix(".new")
        new.write_text(f"{ahead.total_seconds():+.0f}\n")
        new.chmod(0o644)
        new.replace(self.path)
