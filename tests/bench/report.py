"""Cells as a table, ratios and gates."""

import dataclasses
import statistics

RELAIS = "relais"
GATE_CONNECTIONS = 64
GATE_MEMORY_BYTES = 32 << 20
GATE_GROWTH = 0.85
GATE_HOT = 0.5
GATE_P99 = 0.5          # of Fastify + pg's
GATE_PAGES_P99_MS = 15
# Rate by the rate of another, at so many connections; the goal beside it is reported and does not fail.
GATES_OF_RATES = [
    ("pgbench", 64, 1.5, 2.0),
    ("fastify + pg", 64, 2.8, 4.0), ("fastify + pg", 256, 3.5, 4.0),
    ("fastify + postgres.js", 64, 2.5, 3.0), ("fastify + postgres.js", 256, 2.4, 3.0),
    ("fastify, batching", 64, 1.4, 1.6), ("fastify, batching", 256, 1.0, 1.3),
    ("raw libpq", 64, None, 0.6), ("fastify + pg", 1, None, 2.0),
]
FOREIGN_CORES_MAX = 0.3
FIGURES = ("per_second", "mean_ms", "p50_ms", "p99_ms", "database_us", "server_us", "generator_us", "peak_memory_bytes",
           "batch", "wal_bytes", "foreign_cores", "pages_per_second", "pages_p99_ms")


@dataclasses.dataclass
class Cell:
    """One measurement: where, who, what."""

    contacts: int
    connections: int
    contestant: str
    round: int
    attempts: int
    sample: object


def medians(cells):
    """{(contacts, connections, contestant): {figure: median}}, of the undisturbed cells if there are any."""
    groups = {}
    for cell in cells:
        groups.setdefault((cell.contacts, cell.connections, cell.contestant), []).append(cell.sample)
    result = {}
    for place, samples in groups.items():
        calm = [sample for sample in samples if sample.foreign_cores <= FOREIGN_CORES_MAX]
        used = calm or samples
        result[place] = {figure: statistics.median(getattr(sample, figure) for sample in used) for figure in FIGURES}
        result[place].update(rounds=len(samples), disturbed=len(samples) - len(calm),
                             lowest=min(sample.per_second for sample in used),
                             highest=max(sample.per_second for sample in used),
                             rows_inserted=samples[-1].rows_inserted, rows_updated=samples[-1].rows_updated)
        if calm:
            result[place]["disturbed"] = 0
    return result


def rival(table, contacts, connections, name):
    """The figures of the one named so, of the faster when several names begin so (pgbench); None: not measured."""
    found = [figures for place, figures in table.items()
             if place[:2] == (contacts, connections) and (place[2] == name or place[2].startswith(f"{name} "))
             and (place[2] == name or name == "pgbench")]
    return max(found, key=lambda figures: figures["per_second"], default=None)


def ratios(table):
    """{(contacts, connections, name): (rate by theirs, CPU of PostgreSQL by theirs)} for everybody but Relais."""
    result = {}
    for contacts, connections, contestant in table:
        ours = table.get((contacts, connections, RELAIS))
        theirs = table[contacts, connections, contestant]
        if ours and not contestant.startswith(RELAIS):
            result[contacts, connections, contestant] = (
                ours["per_second"] / max(1e-9, theirs["per_second"]), ours["database_us"] / max(1e-9, theirs["database_us"]))
    return result


def growth(table):
    """{(connections, contestant): rate with most contacts by rate with fewest}"""
    sizes = sorted({place[0] for place in table})
    result = {}
    for contacts, connections, contestant in table:
        if len(sizes) > 1 and contacts == sizes[-1] and (sizes[0], connections, contestant) in table:
            result[connections, contestant] = (table[contacts, connections, contestant]["per_second"]
                                               / max(1e-9, table[sizes[0], connections, contestant]["per_second"]))
    return result


def gates(table):
    """[(sentence, passed)] for the most contacts stored; what was not measured is not there."""
    result = []
    contacts = max((place[0] for place in table), default=0)
    for name, connections, gate, goal in GATES_OF_RATES:
        ours, theirs = table.get((contacts, connections, RELAIS)), rival(table, contacts, connections, name)
        if ours and theirs:
            ratio = ours["per_second"] / max(1e-9, theirs["per_second"])
            wanted = f"at least {gate}, goal {goal}" if gate else f"goal {goal}"
            result.append((f"{ratio:.2f} × {name} at {connections} connections ({wanted})", gate is None or ratio >= gate))
    ours, theirs = table.get((contacts, GATE_CONNECTIONS, RELAIS)), rival(table, contacts, GATE_CONNECTIONS, "fastify + pg")
    if ours and theirs:
        ratio = ours["p99_ms"] / max(1e-9, theirs["p99_ms"])
        result.append((f"p99 {ratio:.2f} × Fastify + pg's (at most {GATE_P99})", ratio <= GATE_P99))
    hot = table.get((contacts, GATE_CONNECTIONS, "relais, 100 addresses"))
    if ours and hot:
        ratio = hot["per_second"] / ours["per_second"]
        result.append((f"100 hot addresses: {ratio:.2f} of the rate (at least {GATE_HOT})", ratio >= GATE_HOT))
    read = table.get((contacts, GATE_CONNECTIONS, "relais, 4 readers"))
    if read:
        result.append((f"readers meanwhile: {read['pages_per_second']:,.0f} pages/s, p99 {read['pages_p99_ms']:.1f} ms "
                       f"(at most {GATE_PAGES_P99_MS})", read["pages_p99_ms"] <= GATE_PAGES_P99_MS))
    grown = growth(table).get((GATE_CONNECTIONS, RELAIS))
    if grown is not None:
        result.append((f"{grown:.2f} of the rate with fewer contacts (at least {GATE_GROWTH})", grown >= GATE_GROWTH))
    peak = max((figures["peak_memory_bytes"] for place, figures in table.items() if place[2] == RELAIS), default=None)
    if peak is not None:
        result.append((f"{peak / 2**20:.1f} MiB of memory at most (at most {GATE_MEMORY_BYTES >> 20} MiB)",
                       peak <= GATE_MEMORY_BYTES))
    return result


def _row(*columns):
    return "| " + " | ".join(str(column) for column in columns) + " |"


def _rates(table):
    yield _row("contacts", "c", "who", "submissions/s", "lowest–highest", "p50 ms", "p99 ms", "batch",
               "CPU µs: service", "PostgreSQL", "generator", "WAL B", "peak MiB", "others' cores")
    yield _row(*["---"] * 14)
    for (contacts, connections, contestant), one in sorted(table.items()):
        # pgbench gives the mean alone.
        p50 = f"{one['p50_ms']:.2f}" if one["p50_ms"] else f"(mean {one['mean_ms']:.2f})"
        p99 = f"{one['p99_ms']:.1f}" if one["p99_ms"] else "–"
        peak = f"{one['peak_memory_bytes'] / 2**20:.1f}" if one["peak_memory_bytes"] else "–"
        mark = " (disturbed)" if one["disturbed"] else ""
        yield _row(f"{contacts:,}", connections, contestant, f"{one['per_second']:,.0f}",
                   f"{one['lowest']:,.0f}–{one['highest']:,.0f}", p50, p99, f"{one['batch']:.1f}",
                   f"{one['server_us']:.0f}" if one["server_us"] else "–", f"{one['database_us']:.0f}",
                   f"{one['generator_us']:.0f}", f"{one['wal_bytes']:,.0f}", peak, f"{one['foreign_cores']:.2f}{mark}")


def _comparison(table):
    yield _row("contacts", "c", "beside", "Relais' rate by theirs", "PostgreSQL's CPU by theirs")
    yield _row(*["---"] * 5)
    for (contacts, connections, name), (rate, cpu) in sorted(ratios(table).items()):
        yield _row(f"{contacts:,}", connections, name, f"{rate:.2f}", f"{cpu:.2f}")


def _rows_written(table):
    names = sorted({name for figures in table.values() for name in figures["rows_inserted"] | figures["rows_updated"]})
    largest = max(((place[0], place[1]) for place in table), default=None)
    who = sorted(place[2] for place in table if place[:2] == largest)
    yield _row("rows for each submission: made + changed", *who)
    yield _row(*["---"] * (len(who) + 1))
    for name in names:
        figures = [table[(*largest, contestant)] for contestant in who]
        yield _row(name, *(f"{one['rows_inserted'].get(name, 0):.2f} + {one['rows_updated'].get(name, 0):.2f}"
                           for one in figures))


def markdown(about, table):
    lines = ["# Submissions taken in", ""]
    lines += [f"- {name}: {value}" for name, value in about.items()]
    lines += ["", *_rates(table), "", *_comparison(table)]
    increases = growth(table)
    if increases:
        sizes = sorted({place[0] for place in table})
        lines += ["", _row("c", "who", f"{sizes[-1]:,} / {sizes[0]:,} contacts"), _row(*["---"] * 3)]
        lines += [_row(connections, contestant, f"{rate:.2f}")
                  for (connections, contestant), rate in sorted(increases.items())]
    lines += ["", *_rows_written(table), ""]
    lines += [f"{'PASS' if passed else 'FAIL'}: {sentence}" for sentence, passed in gates(table)]
    return "\n".join(lines) + "\n"


def document(about, table, cells):
    """For a program to read."""
    return {
        "about": about,
        "medians": [{"contacts": place[0], "connections": place[1], "contestant": place[2], **figures}
                    for place, figures in sorted(table.items())],
        "ratios": [{"contacts": contacts, "connections": connections, "beside": name, "rate": rate, "database_cpu": cpu}
                   for (contacts, connections, name), (rate, cpu) in sorted(ratios(table).items())],
        "growth": [{"connections": connections, "contestant": contestant, "rate": rate}
                   for (connections, contestant), rate in sorted(growth(table).items())],
        "gates": [{"gate": sentence, "passed": passed} for sentence, passed in gates(table)],
        "cells": [dataclasses.asdict(cell) for cell in cells],
    }
