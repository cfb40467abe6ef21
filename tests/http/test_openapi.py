"""Requests that the contract allows, and requests that it does not, are answered as the contract says: no 5xx, no
answer that openapi.yaml does not describe. schemathesis makes them up, the same ones on each run."""

import datetime
import itertools
import re

import hypothesis
import pytest
import schemathesis
import yaml
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (content_type_conformance, response_headers_conformance,
                                               response_schema_conformance, status_code_conformance)

from support import contract, funnel, paths
from support.client import expect

EXAMPLES = 25
JUDGES = [not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
          response_schema_conformance]

# Answers without an end are test_streams.py's.
schema = schemathesis.openapi.from_path(paths.OPENAPI).exclude(
    path=[operation.path for operation in contract.operations() if operation.is_stream])
schema.config.phases.coverage.enabled = False  # thousands of requests; the fuzzing phase is bounded
schema.config.generation.update(modes=list(schemathesis.GenerationMode))
turn = itertools.count()


@pytest.fixture(scope="module")
def existing(service):
    """For each path parameter a value that exists: paths with random ids would be nothing but 404."""
    desk = funnel.Desk(service)
    _, handoff = desk.mql()
    desk.handoff_in("won")
    member = funnel.make_member(service.admin)
    campaign = service.admin.make("/v1/campaigns", {"slug": "autumn", "name": "Autumn", "starts_on": "2026-09-01",
                                                    "ends_on": "2026-12-01"})
    spare = service.admin.make("/v1/keys", {"name": "spare", "scopes": ["read"]})
    receipt = desk.submit()
    guarded = funnel.make_form(service.admin, open=True, protection={"honeypot": True})
    funnel.submit(service.nobody, guarded["slug"], attributes={"homepage": "x"})
    (entry,) = service.reader.read("/v1/quarantine")["data"]
    tomorrow = (service.database.now() + datetime.timedelta(days=2)).date().isoformat()
    agreement = service.admin.make("/v1/sla/agreements", {"effective_on": tomorrow})
    first = {kind: service.admin.read(f"/v1/{kind}")["data"][0]["id"]
             for kind in ("reasons", "sla/policies", "sla/calendars")}
    promise = service.admin.make("/v1/sla/commitments", {"team": "marketing", "name": "50 a week", "metric": "leads_delivered",
                                                         "at_least": 50, "period": {"every": "week"}})
    values = {"/v1/contacts/": handoff["contact_id"], "/v1/handoffs/": handoff["id"], "/v1/members/": member["id"],
              "/v1/offers/": desk.offer["slug"], "/v1/forms/": desk.form["slug"], "/v1/campaigns/": campaign["slug"],
              "/v1/submissions/": receipt["id"], "/v1/attributes/": "company_size", "/v1/scoring/models/": 1,
              "/v1/keys/": spare["id"], "/v1/quarantine/": entry["id"], "/v1/sla/commitments/": promise["id"],
              "/v1/sla/agreements/": str(agreement["version"]), **{f"/v1/{kind}/": thing for kind, thing in first.items()}}
    return values


def aim(case, existing):
    """Every other request goes to a thing that exists."""
    for prefix, value in existing.items():
        if case.operation.path.startswith(prefix) and case.path_parameters and next(turn) % 2:
            case.path_parameters[next(iter(case.path_parameters))] = value
    if case.query and "wait" in case.query:
        case.query["wait"] = 0  # nobody waits 30 seconds here


@schema.parametrize()
@hypothesis.settings(max_examples=EXAMPLES, derandomize=True, database=None, deadline=None,
                     suppress_health_check=list(hypothesis.HealthCheck),
                     phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate])
def test_conforms(case, service, existing):
    aim(case, existing)
    response = case.call(base_url=service.url, headers={"Authorization": f"Bearer {service.keys['admin']}"}, timeout=60)
    case.validate_response(response, checks=JUDGES)


@pytest.mark.parametrize("operation", [operation for operation in contract.operations() if operation.example_body()],
                         ids=lambda operation: operation.id)
def test_the_contracts_own_example_fits_its_schema(operation):
    for content in operation.body.values():
        if "example" in content and operation.body.keys() & {"application/json"}:
            contract.check_value(content["schema"], content["example"], repr(operation))


def test_the_service_serves_the_contract(service):
    answer = expect(service.nobody.get("/openapi.yaml"), 200)
    assert answer.content == paths.OPENAPI.read_bytes()
    assert answer.headers["content-type"].split(";")[0] == "application/yaml"
    assert yaml.safe_load(answer.text)["openapi"].startswith("3.1")


def test_the_page_for_people_has_every_operation(service):
    page = expect(service.nobody.get("/docs"), 200).text
    rows = re.findall(r"<tr><td>(\w+)<td><code>([^<]*)</code><td>([^<]*)<td>(\w+)", page)
    assert sorted(rows) == sorted((one.method, one.path, one.scope.replace("|", " or ").replace("none", "–"), one.id)
                                  for one in contract.operations())
    for link in re.findall(r'href="([^"]*)"', page):
        expect(service.nobody.get(f"/{link}"), 200)
