"""Fixtures: one PostgreSQL for the run, a fresh database and a server for each module (or test)."""

import pytest

from support import paths, postgres, server as server_module, service as service_module


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes minutes; only with ./dev test --long")
    config.addinivalue_line("markers", "concurrency: also run under the thread sanitizer")


@pytest.fixture(scope="session")
def binary():
    path = paths.binary()
    assert path.exists(), f"{path} is not built; RELAIS_BINARY names another"
    return path


@pytest.fixture(scope="session")
def cluster(binary):
    made = postgres.Cluster()
    try:
        yield made.start()
    finally:
        made.remove()


@pytest.fixture(scope="session")
def template(cluster):
    """(name, keys): a migrated database that holds a key for each scope, to be copied."""
    database = cluster.create_database()
    server_module.command("migrate", database=database)
    return database.name, service_module.create_keys(database)


@pytest.fixture(scope="session")
def make_database(cluster, template):
    return lambda: cluster.create_database(template[0])


@pytest.fixture(scope="session")
def make_service(template, make_database, tmp_path_factory):
    """make_service(instances=1, env=None): not started yet, with a database of its own. The caller stops it."""

    def make(instances=1, env=None, database=None):
        directory = tmp_path_factory.mktemp("relais")
        return service_module.Service(database or make_database(), template[1], directory, instances, env)

    return make


def run(made):
    try:
        yield made.start()
        made.stop()
    finally:
        made.end()
        made.database.drop()


@pytest.fixture(scope="module")
def service(make_service):
    """One instance with an empty database, for all tests of the module."""
    yield from run(make_service())


@pytest.fixture
def fresh(make_service):
    """The same for this test alone."""
    yield from run(make_service())


@pytest.fixture
def database(make_database):
    """An empty database without a server."""
    made = make_database()
    yield made
    made.drop()


@pytest.fixture(autouse=True)
def nothing_crashed(request):
    """A test whose request ends the server fails by that; those behind it in the module find a new one."""
    yield
    service = request.node.funcargs.get("service") if "service" in request.fixturenames else None
    if service is not None and not service.server.is_running() and service.server.process is not None:
        code, log = service.server.process.returncode, service.server.log_tail()
        service.server.start()
        pytest.fail(f"the server ended with {code}:\n{log}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows what the servers it used logged last."""
    report = yield
    if report.failed:
        for name, value in getattr(item, "funcargs", {}).items():
            if hasattr(value, "log_tail"):
                report.sections.append((f"log of {name}", value.log_tail()))
    return report
