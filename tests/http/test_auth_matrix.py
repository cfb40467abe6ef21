"""Every route with every scope, as the contract's x-scope has it."""

import uuid

import pytest

from support import contract, funnel
from support.client import Client, expect

SCOPES = ["submit", "read", "marketing", "sales", "admin"]


@pytest.fixture(scope="module")
def clients(service):
    """A client for each scope alone, and some without any right."""
    made = {scope: Client(service.url, service.keys[name])
            for name, scope in (("submitter", "submit"), ("reader", "read"), ("marketing", "marketing"), ("sales", "sales"),
                                ("admin", "admin"))}
    deleted = service.admin.make("/v1/keys", {"name": "deleted", "scopes": ["admin"]})
    service.admin.delete(f"/v1/keys/{deleted['id']}")
    return {**made, "publishable": Client(service.url, service.publishable.key), "none": Client(service.url),
            "deleted": Client(service.url, deleted["key"])}


@pytest.fixture(scope="module")
def form(service):
    return funnel.make_form(service.admin)["slug"]


def attempt(client, operation, form):
    """The operation on things that do not exist, with an empty body: what is tested is who may try."""
    path = operation.path.replace("{id}", str(uuid.uuid4())).replace("{name}", "there-is-none").replace(
        "{version}", "2000000000").replace(
        "{slug}", form if operation.id in ("submitForm", "getFormToken", "submitFromTool") else "there-is-none").replace(
        "{adapter}", "tally").replace("{portal_id}", "1").replace("{form_guid}", form)
    options = {}
    if operation.method in ("POST", "PATCH") and operation.body:
        options["json"] = {}
    if operation.is_stream:  # an answer without an end
        with client.http.stream(operation.method, path) as answer:
            return answer
    return client.request(operation.method, path, **options)


@pytest.mark.parametrize("operation", contract.operations(), ids=lambda operation: operation.id)
def test_every_route_with_every_scope(clients, form, operation):
    # What has no body to refuse would be done: the clients' own keys stay, the rest is harmless.
    for name, client in clients.items():
        status = attempt(client, operation, form).status_code
        if operation.scope == "none":
            assert status not in (401, 403), name
        elif name in ("none", "deleted"):
            assert status == 401, name
        else:
            has = {"publishable": "submit"}.get(name, name)
            if has in (*operation.scope.split("|"), "admin"):
                assert status not in (401, 403) and status < 500, name
            else:
                assert status == 403, name


def test_the_contract_names_a_scope_for_every_operation():
    assert {one for operation in contract.operations() for one in operation.scope.split("|")} <= {*SCOPES, "none"}
    assert {operation.path for operation in contract.operations() if operation.scope == "none"} == {
        "/healthz", "/readyz", "/metrics", "/openapi.yaml", "/docs", "/docs/errors", "/embed.js", "/embed.css",
        "/v1/forms/{slug}/embed", "/v1/forms/{slug}/thanks"}


def test_scopes_add_up(service):
    key = service.admin.make("/v1/keys", {"name": "two", "scopes": ["read", "sales"]})["key"]
    both = Client(service.url, key)
    both.read("/v1/contacts")
    expect(both.post("/v1/handoffs", {}), 422)
    expect(both.post("/v1/contacts", {}), 403)


def test_a_refusal_tells_nothing(service, clients):
    """403 and 401 are the same whether the thing exists or not."""
    contact = funnel.Desk(service).lead()
    for client in (clients["publishable"], clients["none"]):
        existing = client.get(f"/v1/contacts/{contact['id']}").json()
        missing = client.get(f"/v1/contacts/{uuid.uuid4()}").json()
        assert {**existing, "request_id": ""} == {**missing, "request_id": ""}
