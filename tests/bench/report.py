"""Cells as a table, ratios and gates."""

import dataclasses
import statistics

GATE_CONNECTIONS = 64
GATE_RATIO = 1.5
GATE_MEMORY_BYTES = 32 << 20
FOREIGN_CORES_MAX = 0.3
FIGURES = ("per_second", "mean_ms", "p50_ms", "p99_ms", "database_us", "server_us", "generator_us", "peak_memory_bytes",
           "batch", "wal_bytes", "foreign_cores")


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


def best_floor(table, contacts, connections):
    """The fastest that is not Relais: (name, figures), or None."""
    floors = [(place[2], figures) for place, figures in table.items()
              if place[:2] == (contacts, connections) and place[2] != "relais"]
    return max(floors, key=lambda floor: floor[1]["per_second"], default=None)


def ratios(table):
    """{(contacts, connections): (rate by rate of the best floor, CPU of PostgreSQL by its)}"""
    result = {}
    for (contacts, connections, contestant), figures in table.items():
        floor = best_floor(table, contacts, connections)
        if contestant == "relais" and floor:
            result[contacts, connections] = (figures["per_second"] / max(1e-9, floor[1]["per_second"]),
                                             figures["database_us"] / max(1e-9, floor[1]["database_us"]))
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
    """[(sentence, passed)]; what was not measured is not there."""
    result = []
    by_size = sorted((place[0], figure[0]) for place, figure in ratios(table).items() if place[1] == GATE_CONNECTIONS)
    if by_size:
        contacts, ratio = by_size[-1]
        result.append((f"{ratio:.2f} × the best of pgbench at {GATE_CONNECTIONS} connections, {contacts:,} contacts "
                       f"(at least {GATE_RATIO})", ratio >= GATE_RATIO))
    peak = max((figures["peak_memory_bytes"] for place, figures in table.items() if place[2] == "relais"), default=None)
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
    yield _row("contacts", "c", "Relais / best pgbench", "best", "PostgreSQL's CPU by its")
    yield _row(*["---"] * 5)
    for (contacts, connections), (rate, cpu) in sorted(ratios(table).items()):
        yield _row(f"{contacts:,}", connections, f"{rate:.2f}", best_floor(table, contacts, connections)[0], f"{cpu:.2f}")


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
        "ratios": [{"contacts": contacts, "connections": connections, "rate": rate, "database_cpu": cpu}
                   for (contacts, connections), (rate, cpu) in sorted(ratios(table).items())],
        "growth": [{"connections": connections, "contestant": contestant, "rate": rate}
                   for (connections, contestant), rate in sorted(growth(table).items())],
        "gates": [{"gate": sentence, "passed": passed} for sentence, passed in gates(table)],
        "cells": [dataclasses.asdict(cell) for cell in cells],
    }
