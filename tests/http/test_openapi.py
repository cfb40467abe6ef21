"""What a client may send by the contract, and what it may not, answered as the contract says: no 5xx, no answer that
openapi.yaml does not describe. schemathesis makes the requests up; the same ones on each run."""

import hypothesis
import pytest
import schemathesis
import yaml
from schemathesis.checks import CHECKS  # noqa: F401  (loads the registry)
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (content_type_conformance, response_headers_conformance,
                                               response_schema_conformance, status_code_conformance)
from schemathesis.checks import not_a_server_error

from support import contract, funnel, paths
from support.client import expect

EXAMPLES = 12
JUDGES = [not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
          response_schema_conformance]
