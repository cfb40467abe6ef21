"""A client of the API: a key, and each answer checked against the contract."""

import httpx

from support import contract

TIMEOUT_SECONDS = 60


class Client:
    """`get`, `post`, `patch`, `delete` give the answer whatever it is. `read`, `make`, `write`, `change` say what status
    they want and give the JSON."""

    def __init__(self, url, key=None, headers=None, checks=True):
        self.url = url
        self.key = key
        self.checks = checks
        given = {"Authorization": f"Bearer {key}"} if key else {}
        self.http = httpx.Client(base_url=url, headers={**given, **(headers or {})}, timeout=TIMEOUT_SECONDS,
                                 trust_env=False, follow_redirects=False,
                                 limits=httpx.Limits(keepalive_expiry=5))

    def request(self, method, path, **options):
        response = self.http.request(method, path, **options)
        if self.checks:
            contract.check_answer(response)
        return response

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, body=None, **options):
        if body is not None:
            options["json"] = body
        return self.request("POST", path, **options)

    def patch(self, path, body, **options):
        return self.request("PATCH", path, json=body, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)

    def read(self, path, **parameters):
        return expect(self.get(path, params=parameters), 200).json()

    def make(self, path, body, **options):
        return expect(self.post(path, body, **options), 201).json()

    def write(self, path, body=None, **options):
        return expect(self.post(path, body, **options), 200).json()

    def change(self, path, body, **options):
        return expect(self.patch(path, body, **options), 200).json()

    def pages(self, path, **parameters):
        """All pages of a list, as one list."""
        found = []
        while True:
            page = self.read(path, **parameters)
            found += page["data"]
            if page["next_cursor"] is None:
                return found
            parameters["cursor"] = page["next_cursor"]

    def close(self):
        self.http.close()


def expect(response, status):
    assert response.status_code == status, \
        f"{response.request.method} {response.request.url}: {response.status_code}, not {status}: {response.text[:2000]}"
    return response


def faults(response, status=422):
    """{pointer: code} of a refused input."""
    expect(response, status)
    return {error["pointer"]: error["code"] for error in response.json()["errors"]}
