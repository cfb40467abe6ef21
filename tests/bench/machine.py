"""What processes and the machine use, from /proc."""

import os
import pathlib
import resource

TICKS = os.sysconf("SC_CLK_TCK")


def _fields(pid):
    """Of /proc/PID/stat, from the third one on (the second may hold spaces); None when it is gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()


def cpu_seconds(pid):
    """User and system time of all threads of a living process."""
    fields = _fields(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS if fields else 0.0


def family_cpu_seconds(pid):
    """Of a process, its living children, and those that it has reaped: a postmaster's whole cluster."""
    fields = _fields(pid)
    if not fields:
        return 0.0
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(map(int, fields[11:15])) / TICKS + sum(cpu_seconds(child) for child in children)


def own_cpu_seconds():
    """Of this program and the children it has reaped."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def busy_seconds():
    """Of all processors, in processes (interrupts belong to nobody, and stolen time to other machines)."""
    user, nice, system = map(int, pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:4])
    return (user + nice + system) / TICKS


def kernel_threads():
    """{pid: seconds} of the kernel's own threads, as far as we see them: they write to disk what we changed."""
    seconds = {}
    for path in pathlib.Path("/proc").iterdir():
        fields = _fields(path.name) if path.name.isdigit() else None
        if fields and fields[1] == "2":  # a child of kthreadd
            seconds[path.name] = (int(fields[11]) + int(fields[12])) / TICKS
    return seconds


def peak_memory_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/{pid}/status has no VmHWM")


def filesystem_of(path):
    """The type of the file system that holds `path`."""
    path = pathlib.Path(path).resolve()
    best = ("", "unknown")
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, place, kind = line.split()[:3]
        if path.is_relative_to(place) and len(place) > len(best[0]):
            best = (place, kind)
    return best[1]


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown"
