"""Compares the route table with openapi.yaml: python routes.py ROUTES.jsonl openapi.yaml

ROUTES.jsonl is what `relais routes` prints, one JSON object a line for each operation:

    {"method": "POST", "path": "/v1/forms/{slug}/submissions", "operation_id": "submitForm",
     "scope": "submit", "body_limit": 65536, "required": ["email"], "query": ["dry_run"]}

method        upper case; HEAD and OPTIONS, which are answered wherever they make sense, are not listed
path          as in openapi.yaml, names of parameters included
scope         none, submit, read, marketing, sales or admin, or several of these with | between them, of which one is
              enough: the x-scope of the operation
body_limit    bytes: its x-body-limit; 0: it takes no body
required      names of the required top-level fields of its JSON body, sorted; left out when the operation takes no JSON
              object or its body is checked elsewhere
query         names of its query parameters, sorted; left out: not compared

Exits 1 with one line for each difference."""

import json
import sys

import yaml

METHODS = {"get", "put", "post", "delete", "patch"}


def resolve(document, node):
    """Follows $ref; a loop would end in the recursion limit, and redocly forbids it."""
    while isinstance(node, dict) and "$ref" in node:
        target = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def required_of(document, schema):
    """Required top-level fields through allOf; None where the schema offers a choice or is no object."""
    schema = resolve(document, schema)
    if "oneOf" in schema or "anyOf" in schema or schema.get("type", "object") != "object":
        return None
    required = set(schema.get("required", []))
    for part in schema.get("allOf", []):
        inner = required_of(document, part)
        if inner is None:
            return None
        required |= inner
    return required


def json_schema_of(document, operation):
    body = resolve(document, operation.get("requestBody"))
    for media_type, content in (body or {}).get("content", {}).items():
        if media_type in ("application/json", "application/merge-patch+json"):
            return content["schema"]
    return None


def operations_of(document):
    """(method, path) -> what the contract says, in the shape of a routes line."""
    found = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method not in METHODS:
                continue
            parameters = [resolve(document, p) for p in item.get("parameters", []) + operation.get("parameters", [])]
            schema = json_schema_of(document, operation)
            required = required_of(document, schema) if schema is not None else None
            found[method.upper(), path] = {
                "operation_id": operation.get("operationId"),
                "scope": operation.get("x-scope"),
                "body_limit": operation.get("x-body-limit"),
                "required": sorted(required) if required is not None else None,
                "query": sorted(p["name"] for p in parameters if p["in"] == "query"),
            }
    return found


def compare(routes, document):
    """Yields a sentence for each difference."""
    operations = operations_of(document)
    served = {}
    for route in routes:
        key = route["method"], route["path"]
        if key in served:
            yield f"{key[0]} {key[1]}: twice in the route table"
        served[key] = route
    for method, path in sorted(operations.keys() - served.keys()):
        yield f"{method} {path}: in openapi.yaml, not served"
    for method, path in sorted(served.keys() - operations.keys()):
        yield f"{method} {path}: served, not in openapi.yaml"
    for key in sorted(served.keys() & operations.keys()):
        for field in ("operation_id", "scope", "body_limit"):
            if served[key].get(field) != operations[key][field]:
                yield f"{key[0]} {key[1]}: {field} is {served[key].get(field)!r}, in openapi.yaml {operations[key][field]!r}"
        for field in ("required", "query"):
            ours, theirs = served[key].get(field), operations[key][field]
            if ours is not None and theirs is not None and sorted(ours) != theirs:
                yield f"{key[0]} {key[1]}: {field} is {sorted(ours)}, in openapi.yaml {theirs}"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        routes = [json.loads(line) for line in file if line.strip()]
    with open(sys.argv[2], encoding="utf-8") as file:
        document = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    differences = list(compare(routes, document))
    print("\n".join(differences))
    sys.exit(1 if differences or not routes else 0)


if __name__ == "__main__":
    main()
