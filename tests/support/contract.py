"""openapi.yaml as a judge: is this answer one that the contract allows?"""

import functools
import re
import uuid

import jsonschema
import referencing
import referencing.jsonschema
import yaml

from support import paths

METHODS = ("get", "put", "post", "delete", "patch")
DOCUMENT_URI = "relais:openapi"


@functools.cache
def document():
    with open(paths.OPENAPI, encoding="utf-8") as file:
        return yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def resolve(node):
    while isinstance(node, dict) and "$ref" in node:
        target = document()
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


class Operation:
    def __init__(self, method, path, description):
        self.method = method.upper()
        self.path = path
        self.description = description
        self.id = description["operationId"]
        self.scope = description["x-scope"]
        self.body_limit = description["x-body-limit"]
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))
        self.pattern = re.compile(pattern)
        self.parameters = [resolve(parameter) for parameter in description.get("parameters", [])]

    def __repr__(self):
        return f"{self.method} {self.path}"

    @property
    def body(self):
        """Media type → its description; empty when it takes no body."""
        return (resolve(self.description.get("requestBody")) or {}).get("content", {})

    @property
    def is_stream(self):
        """Its answer has no end."""
        return "text/event-stream" in self.description["responses"].get("200", {}).get("content", {})

    def query_parameters(self):
        return {parameter["name"]: parameter for parameter in self.parameters if parameter["in"] == "query"}

    def example_body(self):
        """The contract's own example of a JSON body, or None."""
        for media_type in ("application/json", "application/merge-patch+json"):
            content = self.body.get(media_type)
            if content and "example" in content:
                return content["example"]
            if content and "examples" in content:
                return resolve(next(iter(content["examples"].values())))["value"]
        return None


@functools.cache
def operations():
    return [Operation(method, path, item[method])
            for path, item in document()["paths"].items() for method in METHODS if method in item]


@functools.cache
def operation_of(method, path):
    """The operation that answers METHOD path; None when there is none. A literal path wins over a template."""
    fitting = [operation for operation in operations()
               if operation.method == method.replace("HEAD", "GET") and operation.pattern.fullmatch(path)]
    return min(fitting, key=lambda operation: operation.path.count("{"), default=None)


def methods_of(path):
    """The methods that the contract gives a concrete path."""
    return {operation.method for operation in operations() if operation_of(operation.method, path) is operation}


@functools.cache
def registry():
    resource = referencing.Resource(document(), referencing.jsonschema.DRAFT202012)
    return referencing.Registry().with_resource(DOCUMENT_URI, resource)


def absolute(schema):
    """The schema with its references made absolute, so that the registry resolves them."""
    if isinstance(schema, dict):
        return {key: DOCUMENT_URI + value if key == "$ref" else absolute(value) for key, value in schema.items()}
    if isinstance(schema, list):
        return [absolute(item) for item in schema]
    return schema


VALIDATORS = {}


def validator(schema):
    """Cached by the schema's place in the document, which stays loaded."""
    if id(schema) not in VALIDATORS:
        VALIDATORS[id(schema)] = jsonschema.Draft202012Validator(
            absolute(schema), registry=registry(), format_checker=jsonschema.FormatChecker())
    return VALIDATORS[id(schema)]


def schema_named(name):
    return document()["components"]["schemas"][name]


def check_value(schema, value, where):
    error = jsonschema.exceptions.best_match(validator(schema).iter_errors(value))
    assert error is None, f"{where}: at {error.json_path}: {error.message}"


def check_problem(response):
    """RFC 9457 as api.md wants it."""
    problem = response.json()
    assert problem["status"] == response.status_code, problem
    assert problem["request_id"] == response.headers["x-request-id"], problem
    assert re.search(r"/docs/errors#[a-z0-9_-]+$", problem["type"]), problem
    assert problem["title"] and problem["detail"], problem
    return problem


def check_answer(response):
    """Fails unless the contract allows this answer to its request. Paths and methods that the contract does not have
    are checked for the form of the error only."""
    request = response.request
    where = f"{request.method} {request.url.path} → {response.status_code}"
    uuid.UUID(response.headers["x-request-id"])
    media_type = response.headers.get("content-type", "").split(";")[0]
    if media_type == "application/problem+json" and request.method != "HEAD":
        check_problem(response)
    operation = operation_of(request.method, request.url.path)
    if operation is None or request.method == "HEAD":
        return
    described = resolve(operation.description["responses"].get(str(response.status_code)))
    assert described is not None, f"{where}: the contract has no such answer: {response.text[:500]}"
    for name, header in described.get("headers", {}).items():
        if resolve(header).get("required"):
            assert name in response.headers, f"{where}: header {name} is missing"
    content = described.get("content", {})
    if not content:
        assert response.content == b"", f"{where}: no body was promised"
        return
    assert media_type in content, f"{where}: {media_type!r} is not one of {list(content)}"
    if media_type.endswith("json") and "ndjson" not in media_type:
        check_value(content[media_type]["schema"], response.json(), where)
