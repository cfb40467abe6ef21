"""Raw requests and what must become of them: the gate's corpus, for use over a raw socket.

Directly against Relais each case must end as it says. Behind a reverse proxy the proxy may refuse
more, or repair a request on its way; what must hold there is only that no case yields more responses
than `responses` says, because one more is the answer to a request that was hidden in another's body.

    for case in CASES:
        # connect, send case.raw, read until the end or until case.responses responses are complete
        # status of the first response: case.status, or for None: anything but REFUSALS
        # case.closes: the server then ends the connection
"""

from dataclasses import dataclass

REFUSALS = frozenset({400, 413, 414, 417, 431, 505})

CANARY = b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"


@dataclass(frozen=True)
class Case:
    name: str
    raw: bytes
    status: int | None = 400  # None: not refused; what the routes make of it is not this list's
    responses: int = 1
    closes: bool = True
    # libmicrohttpd 0.9.75 answers before the gate is asked, with a page of its own; for a malformed
    # length it writes the head of that page twice, so that its body is not well-formed.
    by_library: bool = False


def _post(*fields: bytes, body: bytes = CANARY, version: bytes = b"HTTP/1.1") -> bytes:
    return b"".join(
        [b"POST /x ", version, b"\r\nHost: h\r\n", *(field + b"\r\n" for field in fields), b"\r\n", body]
    )


def _get(target: bytes = b"/x", *fields: bytes, version: bytes = b"HTTP/1.1", body: bytes = CANARY) -> bytes:
    return b"".join(
        [b"GET ", target, b" ", version, b"\r\nHost: h\r\n", *(field + b"\r\n" for field in fields), b"\r\n", body]
    )


_CHUNKED_CANARY = b"0\r\n\r\n" + CANARY

FRAMING = [
    Case("length twice, first shorter", _post(b"Content-Length: 0", b"Content-Length: 37")),
    Case("length twice, first longer", _post(b"Content-Length: 37", b"Content-Length: 0")),
    Case("length twice, equal", _post(b"Content-Length: 37", b"Content-Length: 37")),
    Case("length twice, other case", _post(b"Content-Length: 0", b"content-length: 37")),
    Case("length and coding", _post(b"Content-Length: 42", b"Transfer-Encoding: chunked", body=_CHUNKED_CANARY)),
    Case("coding and length", _post(b"Transfer-Encoding: chunked", b"Content-Length: 42", body=_CHUNKED_CANARY)),
    Case("blank before the colon of a length", _post(b"Content-Length : 37")),
    Case("blank before the colon of a coding", _post(b"Transfer-Encoding : chunked")),
    Case("tab before the colon of a coding", _post(b"Transfer-Encoding\t: chunked")),
    Case("folded coding", _post(b"Transfer-Encoding:\r\n chunked", body=_CHUNKED_CANARY)),
    Case("folded coding beside a length",
         _post(b"Content-Length: 42", b"Transfer-Encoding:\r\n\tchunked", body=_CHUNKED_CANARY)),
    Case("folded length", _post(b"Content-Length:\r\n 37")),
    Case("unknown coding", _post(b"Transfer-Encoding: xchunked")),
    Case("identity coding", _post(b"Transfer-Encoding: identity")),
    Case("two codings", _post(b"Transfer-Encoding: gzip, chunked")),
    Case("chunked is not last", _post(b"Transfer-Encoding: chunked, identity")),
    Case("coding twice", _post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: x")),
    Case("blank behind chunked", _post(b"Transfer-Encoding: chunked ")),
    Case("vertical tab before chunked", _post(b"Transfer-Encoding: \x0bchunked")),
    Case("chunked in HTTP/1.0", _post(b"Transfer-Encoding: chunked", version=b"HTTP/1.0", body=_CHUNKED_CANARY)),
    Case("length with a plus", _post(b"Content-Length: +37"), by_library=True),
    Case("negative length", _post(b"Content-Length: -1"), by_library=True),
    Case("hexadecimal length", _post(b"Content-Length: 0x25"), by_library=True),
    Case("length list", _post(b"Content-Length: 0, 37"), by_library=True),
    Case("empty length", _post(b"Content-Length:"), by_library=True),
    Case("blank behind the length", _post(b"Content-Length: 37 "), by_library=True),
    Case("enormous length", _post(b"Content-Length: 99999999999999999999"), status=413, by_library=True),
    Case("name that begins with Content-Length", _post(b"Content-Lengthy: 37")),
    Case("GET with a length", _get(b"/x", b"Content-Length: 37")),
    Case("GET with chunks", _get(b"/x", b"Transfer-Encoding: chunked", body=_CHUNKED_CANARY)),
    Case("malformed chunk", _post(b"Transfer-Encoding: chunked", body=b"xyz\r\n\r\n" + CANARY), by_library=True),
]

LINES = [
    Case("NUL in a value", _post(b"X: a\0Content-Length: 37")),
    Case("LF in a value", _post(b"X: a\nContent-Length: 37")),
    Case("CR in a value", _post(b"X: a\r Content-Length: 37")),
    Case("folded value", _post(b"X: a\r\n Content-Length: 37")),
    Case("bare LF ends a header", b"POST /x HTTP/1.1\r\nHost: h\nContent-Length: 37\r\n\r\n" + CANARY),
    Case("bare LF ends the head", b"GET /x HTTP/1.1\r\nHost: h\r\n\n" + CANARY),
    Case("bare LF ends the request line", b"GET /x HTTP/1.1\nHost: h\r\n\r\n" + CANARY),
    Case("no colon", _post(b"nonsense"), by_library=True),
    Case("empty name", _post(b": x")),
    Case("blank in a name", _post(b"X Y: z")),
    Case("control character in a value", _post(b"X: \x01")),
]

HOSTS = [
    Case("no Host", b"GET /x HTTP/1.1\r\n\r\n" + CANARY),
    Case("two Hosts", b"GET /x HTTP/1.1\r\nHost: h\r\nHost: g\r\n\r\n" + CANARY),
    Case("two Hosts in HTTP/1.0", b"GET /x HTTP/1.0\r\nHost: h\r\nHost: g\r\n\r\n" + CANARY),
    Case("blank before Host's colon", b"GET /x HTTP/1.1\r\nHost : h\r\n\r\n" + CANARY),
    Case("empty Host", b"GET /x HTTP/1.1\r\nHost:\r\n\r\n" + CANARY),
    Case("Host list", b"GET /x HTTP/1.1\r\nHost: h, g\r\n\r\n" + CANARY),
    Case("Host with user", b"GET /x HTTP/1.1\r\nHost: u@h\r\n\r\n" + CANARY),
    Case("name that begins with Host", _get(b"/x", b"Hostname: g")),
]

TARGETS = [
    Case(f"target {target!r}", _get(target))
    for target in (
        b"x", b"*", b"http://h/x", b"/x y", b"/x\0y", b"/%", b"/%2", b"/%zz", b"/x%00", b"/x%0d%0aY: z",
        b"/..", b"/a/../b", b"/a/./b", b"/%2e%2e/b", b"/.%2E/b", b"/a%2f..%2fb", b"/a%5c..%5cb", b"/a\\b",
        b"/a#b", b"/caf\xc3\xa9", b"/x?y=%00", b"/x?y=%",
    )
] + [
    Case("two blanks before the target", b"GET  /x HTTP/1.1\r\nHost: h\r\n\r\n" + CANARY),
    Case("two blanks behind the target", b"GET /x  HTTP/1.1\r\nHost: h\r\n\r\n" + CANARY),
    Case("CONNECT", b"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n" + CANARY),
]

REST = [
    Case("no version", b"GET /x\r\nHost: h\r\n\r\n" + CANARY, by_library=True),
    Case("HTTP/1.2", _get(version=b"HTTP/1.2"), status=505),
    Case("HTTP/2.0", _get(version=b"HTTP/2.0"), status=505, by_library=True),
    Case("preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", status=505, by_library=True),
    Case("HTTP/0.9 by number", _get(version=b"HTTP/0.9"), status=505, by_library=True),
    Case("unknown expectation", _post(b"Expect: magic"), status=417),
    Case("two Authorizations", _get(b"/x", b"Authorization: Bearer a", b"Authorization: Bearer b")),
    Case("two Content-Types", _post(b"Content-Type: a/b", b"Content-Type: a/c")),
    Case("101 headers", _get(b"/x", *(b"X-%d: y" % i for i in range(100))), status=431),
    Case("head of 9,000 bytes", _get(b"/x", b"X: " + b"y" * 9000), status=431),
    Case("head of 30,000 bytes", _get(b"/x", b"X: " + b"y" * 30000), status=431, by_library=True),
    Case("request line of 30,000 bytes", _get(b"/" + b"y" * 30000), status=414, by_library=True),
]

PASSES = [
    Case("plain", _get(body=b""), None, 1, False),
    Case("two in one packet", _get(body=b"") + _get(body=b""), None, 2, False),
    Case("empty line first", b"\r\n" + _get(body=b""), None, 1, False),
    Case("HTTP/1.0 without Host", b"GET /x HTTP/1.0\r\n\r\n", None, 1, True),
    Case("GET with length 0", _get(b"/x", b"Content-Length: 0", body=b""), None, 1, False),
    Case("POST without a length", _post(body=b""), None, 1, False),
    Case("POST, then GET", _post(b"Content-Length: 2", body=b"{}") + _get(body=b""), None, 2, False),
    Case("chunks, then GET",
         _post(b"Transfer-Encoding: chunked", body=b"2\r\n{}\r\n0\r\n\r\n") + _get(body=b""), None, 2, False),
    Case("chunk extension and trailer",
         _post(b"Transfer-Encoding: chunked", body=b"2;a=b\r\n{}\r\n0\r\nX: y\r\n\r\n") + _get(body=b""),
         None, 2, False),
    Case("canary in a body", _post(b"Content-Length: %d" % len(CANARY)), None, 1, False),
    Case("encoded target", _get(b"/a%20b/%2Fc?q=%0A&r=[x]|{y}", body=b""), None, 1, False),
    Case("repeated Accept", _get(b"/x", b"Accept: a/b", b"Accept: c/d", body=b""), None, 1, False),
    Case("blank value, blanks around", _get(b"/x", b"X:", b"Y: \t z \t", body=b""), None, 1, False),
]

CASES = FRAMING + LINES + HOSTS + TARGETS + REST + PASSES
assert len({case.name for case in CASES}) == len(CASES)
