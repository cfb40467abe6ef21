"""The lints find what they are for and leave the rest alone: python test_lints.py"""

import unittest

import banned
import dependencies
import routes
import sql


def lines(faults):
    return [line for line, _ in faults]


class Dependencies(unittest.TestCase):
    def test_upward_includes(self):
        self.assertEqual(lines(dependencies.faults_of("lib/domain/a.c", '#include "store/op.h"\n')), [1])
        self.assertEqual(lines(dependencies.faults_of("lib/schema/a.c", '\n#include "domain/x.h"\n')), [2])
        self.assertEqual(lines(dependencies.faults_of("lib/store/a.c", '#include "../../server/app.h"\n')), [1])
        self.assertEqual(lines(dependencies.faults_of("lib/base/a.c", '#include "server/app.h"\n')), [1])

    def test_downward_includes(self):
        text = '#include "base/err.h"\n#include "domain/score.h"\n#include <sys/stat.h>\n#include "op.h"\n'
        self.assertEqual(lines(dependencies.faults_of("lib/store/a.c", text)), [])
        self.assertEqual(lines(dependencies.faults_of("server/handlers/a.c", '#include "store/store.h"\n#include "../app.h"')), [])

    def test_one_door(self):
        for name, inside, outside in (("microhttpd.h", "server/http_gate.c", "server/app.c"),
                                      ("libpq-fe.h", "lib/store/conn.c", "server/embedded.c")):
            text = f"/* #include <{name}> */\n#include <{name}>\n"
            self.assertEqual(lines(dependencies.faults_of(inside, text)), [])
            self.assertEqual(lines(dependencies.faults_of(outside, text)), [2])


class Banned(unittest.TestCase):
    def test_calls(self):
        text = 'void f(void)\n{\n    strcpy(a, b);\n    x = time (NULL);\n    sprintf(a, "%d", 1);\n}\n'
        self.assertEqual(lines(banned.faults_of("server/a.c", text)), [3, 4, 5])

    def test_other_names_comments_and_strings(self):
        text = '/* strcpy(a, b) */ my_strcpy(a); s->free(x); s.time(1); "rand()"; snprintf(a, 1, ""); mem_free(p); arena_free\n'
        self.assertEqual(lines(banned.faults_of("server/a.c", text)), [])

    def test_at_home(self):
        self.assertEqual(lines(banned.faults_of("lib/base/memory.c", "p = malloc(1); free(p);")), [])
        self.assertEqual(lines(banned.faults_of("lib/domain/a.c", "p = malloc(1);")), [1])
        self.assertEqual(lines(banned.faults_of("lib/domain/a.c", "set_free(x, free);")), [1])
        self.assertEqual(lines(banned.faults_of("lib/base/clock.c", "clock_gettime(CLOCK_REALTIME, &t);")), [])


class Sql(unittest.TestCase):
    def test_clocks_and_offset(self):
        text = "SELECT now(),\n CLOCK_TIMESTAMP(),\n current_date,\n 'now'::timestamptz\nLIMIT 1 OFFSET 2"
        self.assertEqual(sorted(lines(sql.faults_of(text))), [1, 2, 3, 4, 5])

    def test_harmless(self):
        text = "-- now() and OFFSET\nSELECT relais_now(), 'the offset of now()', known_now, current_stage, current_user"
        self.assertEqual(lines(sql.faults_of(text)), [])

    def test_the_definition(self):
        text = ("CREATE OR REPLACE FUNCTION relais_now() RETURNS timestamptz LANGUAGE sql AS $$\n"
                "SELECT clock_timestamp() $$;\nSELECT now();")
        self.assertEqual(lines(sql.faults_of(text)), [3])


DOCUMENT = {
    "paths": {
        "/v1/a/{slug}": {
            "parameters": [{"name": "slug", "in": "path"}, {"$ref": "#/components/parameters/Limit"}],
            "post": {"operationId": "makeA", "x-scope": "admin", "x-body-limit": 100,
                     "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}},
        },
        "/healthz": {"get": {"operationId": "health", "x-scope": "none", "x-body-limit": 0}},
    },
    "components": {
        "parameters": {"Limit": {"name": "limit", "in": "query"}},
        "schemas": {"A": {"allOf": [{"type": "object", "required": ["name"]}, {"required": ["kind"]}]}},
    },
}
A = {"method": "POST", "path": "/v1/a/{slug}", "operation_id": "makeA", "scope": "admin", "body_limit": 100,
     "required": ["kind", "name"], "query": ["limit"]}
HEALTH = {"method": "GET", "path": "/healthz", "operation_id": "health", "scope": "none", "body_limit": 0}


class Routes(unittest.TestCase):
    def test_the_same(self):
        self.assertEqual(list(routes.compare([A, HEALTH], DOCUMENT)), [])

    def test_each_difference(self):
        for field, value in (("operation_id", "x"), ("scope", "read"), ("body_limit", 99), ("required", ["name"]), ("query", [])):
            found = list(routes.compare([{**A, field: value}, HEALTH], DOCUMENT))
            self.assertEqual(len(found), 1, found)
            self.assertIn(field, found[0])

    def test_missing_extra_and_twice(self):
        found = list(routes.compare([HEALTH, HEALTH, {**HEALTH, "path": "/x"}], DOCUMENT))
        self.assertEqual(len(found), 3, found)


if __name__ == "__main__":
    unittest.main()
