"""What batches write is found by its key in a database that has no statistics yet: general plans are made once, while the
tables are empty, and are those of the day when ten thousand clocks are due at once."""

import re

import psycopg

from support import paths

# As lib/store/conn.c has it for the connections that write.
OPTIONS = ("-c TimeZone=UTC -c jit=off -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off"
           " -c enable_mergejoin=off")
WRITES = re.compile(r"\b(UPDATE|INSERT|DELETE|pg_(try_)?advisory_xact_lock)\b")
# Tables that grow with every lead.
LARGE = re.compile(r"(Seq Scan|Index Scan using \w+|Index Only Scan using \w+) on "
                   r"(contact|email_identity|activity|activity_key|score|stage_change|handoff|handoff_history|sla_clock|event)\b")
WALKS = {
    "absence_lock": "what is open and somebody's, when somebody is away",
    "commitment_freeze": "whole periods, on a connection that plans anew each time",
}


def statements():
    for path in sorted((paths.ROOT / "lib" / "store" / "sql").glob("*.sql")):
        text = re.sub(r"--.*", "", path.read_text())
        if WRITES.search(text):
            yield path.stem, text


def plan_of(connection, text):
    count = max((int(number) for number in re.findall(r"\$(\d+)", text)), default=0)
    connection.execute(("PREPARE p AS " + text).encode())
    lines = connection.execute("EXPLAIN EXECUTE p" + (f" ({', '.join(['NULL'] * count)})" if count else "")).fetchall()
    connection.execute("DEALLOCATE p")
    return [line for (line,) in lines]


def walks(lines):
    """Scans of large tables that begin at no key."""
    return [line.strip() for line, after in zip(lines, [*lines[1:], ""])
            if LARGE.search(line) and "Index Cond" not in after]


def test_no_batch_walks_through_a_large_table(database):
    with psycopg.connect(database.url, autocommit=True, options=OPTIONS) as connection:
        plans = {name: plan_of(connection, text) for name, text in statements()}
        planted = plan_of(connection, "UPDATE contact c SET merged_into = NULL FROM unnest($1::uuid[]) AS u (id)"
                                      " WHERE c.merged_into IS NOT DISTINCT FROM u.id")
    assert len(plans) > 50
    assert walks(planted) != [], "what is to be found would be found"
    assert {name: found for name, lines in plans.items() if (found := walks(lines)) and name not in WALKS} == {}


def test_what_is_due_is_looked_up_by_contact(database):
    """Not once more through all that is due for each of them."""
    with psycopg.connect(database.url, autocommit=True, options=OPTIONS) as connection:
        plans = {name: "\n".join(plan_of(connection, text)) for name, text in statements()
                 if name in ("sla_breach", "sla_warn", "sla_escalate")}
    assert len(plans) == 3
    assert [name for name, plan in plans.items() if "sla_clock_wake" in plan] == []
