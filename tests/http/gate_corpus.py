"""Raw requests and what must become of them: the gate's corpus, for use over a raw socket.

Directly against Relais (test_gate.py) each case must end as it says. Behind a reverse proxy (test_proxy.py) the proxy
may refuse more, or repair a request on its way; what must hold there is that Relais and the proxy see the same requests:
the CANARY in a case is never a request where it stands in another's body.

    for case in CASES:
        # connect, send case.raw, read until the end or until case.responses responses are complete
        # status of the first response: case.status, or for None: anything but REFUSALS
        # case.closes: the server then ends the connection
"""

from dataclasses import dataclass

REFUSALS = frozenset({400, 413, 414, 417, 431, 505})

# A request that logs tell from all others, wherever it turns up.
CANARY_ID = "smuggled"
CANARY = b"GET /smuggled HTTP/1.1\r\nHost: h\r\nX-Request-Id: smuggled\r\n\r\n"
LENGTH = b"%d" % len(CANARY)


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
    # Behind a proxy that repairs or understands it, the CANARY may be a request of its own: it stands behind a request
    # that has no body in anybody's reading.
    is_pipelined: bool = False


def _post(*fields: bytes, body: bytes = CANARY, version: bytes = b"HTTP/1.1") -> bytes:
    return b"".join(
        [b"POST /x ", version, b"\r\nHost: h\r\n", *(field + b"\r\n" for field in fields), b"\r\n", body]
    )


def _get(target: bytes = b"/x", *fields: bytes, version: bytes = b"HTTP/1.1", body: bytes = CANARY) -> bytes:
    return b"".join(
        [b"GET ", target, b" ", version, b"\r\nHost: h\r\n", *(field + b"\r\n" for field in fields), b"\r\n", body]
    )


_CHUNKED_CANARY = b"0\r\n\r\n" + CANARY
CHUNKED_LENGTH = b"%d" % len(_CHUNKED_CANARY)
_CHUNKED = b"Transfer-Encoding: chunked"

FRAMING = [
    Case("length twice, first shorter", _post(b"Content-Length: 0", b"Content-Length: " + LENGTH)),
    Case("length twice, first longer", _post(b"Content-Length: " + LENGTH, b"Content-Length: 0")),
    Case("length twice, equal", _post(b"Content-Length: " + LENGTH, b"Content-Length: " + LENGTH)),
    Case("length twice, other case", _post(b"Content-Length: 0", b"content-length: " + LENGTH)),
    Case("length and coding", _post(b"Content-Length: " + CHUNKED_LENGTH, _CHUNKED, body=_CHUNKED_CANARY)),
    Case("coding and length", _post(_CHUNKED, b"Content-Length: " + CHUNKED_LENGTH, body=_CHUNKED_CANARY)),
    Case("length of a line and coding", _post(b"Content-Length: 5", _CHUNKED, body=_CHUNKED_CANARY), is_pipelined=True),
    Case("blank before the colon of a length", _post(b"Content-Length : " + LENGTH)),
    Case("blank before the colon of a coding", _post(b"Transfer-Encoding : chunked")),
    Case("tab before the colon of a coding", _post(b"Transfer-Encoding\t: chunked")),
    Case("vertical tab before the colon of a coding", _post(b"Transfer-Encoding\x0b: chunked")),
    Case("folded coding", _post(b"Transfer-Encoding:\r\n chunked", body=_CHUNKED_CANARY), is_pipelined=True),
    Case("folded coding beside a length",
         _post(b"Content-Length: " + CHUNKED_LENGTH, b"Transfer-Encoding:\r\n\tchunked", body=_CHUNKED_CANARY)),
    Case("coding folded to another line", _post(b"X: y\r\n Transfer-Encoding: chunked", body=_CHUNKED_CANARY)),
    Case("folded length", _post(b"Content-Length:\r\n " + LENGTH)),
    Case("unknown coding", _post(b"Transfer-Encoding: xchunked")),
    Case("identity coding", _post(b"Transfer-Encoding: identity")),
    Case("empty coding", _post(b"Transfer-Encoding:")),
    Case("quoted coding", _post(b'Transfer-Encoding: "chunked"')),
    Case("coding with a parameter", _post(b"Transfer-Encoding: chunked;q=1")),
    Case("two codings", _post(b"Transfer-Encoding: gzip, chunked")),
    Case("chunked twice", _post(b"Transfer-Encoding: chunked, chunked")),
    Case("chunked is not last", _post(b"Transfer-Encoding: chunked, identity")),
    Case("coding twice", _post(_CHUNKED, b"Transfer-Encoding: x")),
    Case("blank behind chunked", _post(b"Transfer-Encoding: chunked ")),
    Case("vertical tab before chunked", _post(b"Transfer-Encoding: \x0bchunked")),
    Case("NUL behind chunked", _post(b"Transfer-Encoding: chunked\0", body=_CHUNKED_CANARY)),
    Case("chunked in HTTP/1.0", _post(_CHUNKED, version=b"HTTP/1.0", body=_CHUNKED_CANARY)),
    Case("length with a plus", _post(b"Content-Length: +" + LENGTH), by_library=True),
    Case("negative length", _post(b"Content-Length: -1"), by_library=True),
    Case("hexadecimal length", _post(b"Content-Length: %#x" % len(CANARY)), by_library=True),
    Case("length list", _post(b"Content-Length: 0, " + LENGTH), by_library=True),
    Case("length list of equals", _post(b"Content-Length: " + LENGTH + b", " + LENGTH), by_library=True),
    Case("empty length", _post(b"Content-Length:"), by_library=True),
    Case("quoted length", _post(b'Content-Length: "' + LENGTH + b'"'), by_library=True),
    Case("length with a fraction", _post(b"Content-Length: " + LENGTH + b".0"), by_library=True),
    Case("blank within the length", _post(b"Content-Length: 1 " + LENGTH), by_library=True),
    Case("blank behind the length", _post(b"Content-Length: " + LENGTH + b" "), by_library=True),
    Case("NUL behind the length", _post(b"Content-Length: " + LENGTH + b"\0")),
    Case("enormous length", _post(b"Content-Length: 99999999999999999999"), status=413, by_library=True),
    Case("length of 2^64", _post(b"Content-Length: 18446744073709551616"), status=413, by_library=True),
    Case("name that begins with Content-Length", _post(b"Content-Lengthy: " + LENGTH), is_pipelined=True),
    Case("GET with a length", _get(b"/x", b"Content-Length: " + LENGTH)),
    Case("GET with chunks", _get(b"/x", _CHUNKED, body=_CHUNKED_CANARY), is_pipelined=True),
]


def _chunks(body: bytes) -> bytes:
    return _post(_CHUNKED, body=body)


# Chunks that are none. (libmicrohttpd reads bodies; the gate does not see them.)
CHUNKS = [
    Case("malformed chunk", _chunks(b"xyz\r\n\r\n" + CANARY), by_library=True),
    Case("chunk size with a prefix", _chunks(b"0x2\r\n{}\r\n" + _CHUNKED_CANARY), by_library=True),
    Case("chunk size with a plus", _chunks(b"+2\r\n{}\r\n" + _CHUNKED_CANARY), by_library=True),
    Case("negative chunk size", _chunks(b"-2\r\n{}\r\n" + _CHUNKED_CANARY), by_library=True),
    Case("blank before a chunk size", _chunks(b" 2\r\n{}\r\n" + _CHUNKED_CANARY), by_library=True),
    Case("blank behind a chunk size", _chunks(b"2 \r\n{}\r\n" + _CHUNKED_CANARY), by_library=True, is_pipelined=True),
    Case("empty chunk size", _chunks(b"\r\n{}\r\n" + _CHUNKED_CANARY), by_library=True),
    Case("chunk size above 2^64", _chunks(b"10000000000000002\r\n{}\r\n" + _CHUNKED_CANARY), 413, by_library=True),
    Case("NUL in a chunk size", _chunks(b"2\0\r\n{}\r\n" + _CHUNKED_CANARY), by_library=True),
    Case("chunk longer than its size", _chunks(b"2\r\n{}x\r\n" + _CHUNKED_CANARY), by_library=True),
    Case("no line end behind a chunk", _chunks(b"2\r\n{}" + _CHUNKED_CANARY), by_library=True),
    Case("LF in a chunk extension", _chunks(b"2;a\nb\r\n{}\r\n" + _CHUNKED_CANARY), by_library=True),
]

LINES = [
    Case("NUL in a value", _post(b"X: a\0Content-Length: " + LENGTH), is_pipelined=True),
    Case("NUL in a name", _post(b"X\0Y: a"), by_library=True),
    Case("NUL before a name", _post(b"\0X: a")),
    Case("LF in a value", _post(b"X: a\nContent-Length: " + LENGTH)),
    Case("CR in a value", _post(b"X: a\r Content-Length: " + LENGTH)),
    Case("CR and NUL in a value", _post(b"X: a\r\0Content-Length: " + LENGTH)),
    Case("folded value", _post(b"X: a\r\n Content-Length: " + LENGTH), is_pipelined=True),
    Case("value folded by a tab", _post(b"X: a\r\n\tb"), is_pipelined=True),
    Case("folded first header", b"GET /x HTTP/1.1\r\n Host: h\r\nHost: h\r\n\r\n" + CANARY, is_pipelined=True),
    Case("fold of nothing", _post(b"X: a\r\n "), is_pipelined=True),
    Case("bare LF ends a header", b"POST /x HTTP/1.1\r\nHost: h\nContent-Length: " + LENGTH + b"\r\n\r\n" + CANARY),
    Case("bare LF ends the head", b"GET /x HTTP/1.1\r\nHost: h\r\n\n" + CANARY, is_pipelined=True),
    Case("bare LF ends the request line", b"GET /x HTTP/1.1\nHost: h\r\n\r\n" + CANARY, is_pipelined=True),
    Case("bare LFs all over", b"POST /x HTTP/1.1\nHost: h\nContent-Length: " + LENGTH + b"\n\n" + CANARY),
    Case("no colon", _post(b"nonsense"), by_library=True, is_pipelined=True),
    Case("empty name", _post(b": x")),
    Case("blank in a name", _post(b"X Y: z")),
    Case("control character in a value", _post(b"X: \x01"), is_pipelined=True),
    Case("DEL in a value", _post(b"X: \x7f"), is_pipelined=True),
    Case("parenthesis in a name", _post(b"X(Y): z"), is_pipelined=True),
    Case("non-ASCII name", _post("Ü: z".encode()), is_pipelined=True),
]

HOSTS = [
    Case("no Host", b"GET /x HTTP/1.1\r\n\r\n" + CANARY, is_pipelined=True),
    Case("two Hosts", b"GET /x HTTP/1.1\r\nHost: h\r\nHost: g\r\n\r\n" + CANARY, is_pipelined=True),
    Case("two equal Hosts", b"GET /x HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n" + CANARY, is_pipelined=True),
    Case("two Hosts in HTTP/1.0", b"GET /x HTTP/1.0\r\nHost: h\r\nHost: g\r\n\r\n" + CANARY, is_pipelined=True),
    Case("blank before Host's colon", b"GET /x HTTP/1.1\r\nHost : h\r\n\r\n" + CANARY, is_pipelined=True),
    Case("empty Host", b"GET /x HTTP/1.1\r\nHost:\r\n\r\n" + CANARY, is_pipelined=True),
    Case("Host list", b"GET /x HTTP/1.1\r\nHost: h, g\r\n\r\n" + CANARY, is_pipelined=True),
    Case("Host with user", b"GET /x HTTP/1.1\r\nHost: u@h\r\n\r\n" + CANARY, is_pipelined=True),
    Case("Host with a path", b"GET /x HTTP/1.1\r\nHost: h/y\r\n\r\n" + CANARY, is_pipelined=True),
    Case("name that begins with Host", _get(b"/x", b"Hostname: g"), is_pipelined=True),
]

TARGETS = [
    Case(f"target {target!r}", _get(target), is_pipelined=True)
    for target in (
        b"x", b"*", b"http://h/x", b"http://g/x", b"//g/x\\", b"/x y", b"/x\0y", b"/%", b"/%2", b"/%zz", b"/x%00",
        b"/x%0d%0aY: z", b"/x\ty", b"/..", b"/a/../b", b"/a/./b", b"/%2e%2e/b", b"/.%2E/b", b"/a%2f..%2fb",
        b"/a%5c..%5cb", b"/a\\b", b"/a#b", b"/caf\xc3\xa9", b"/x?y=%00", b"/x?y=%",
    )
] + [
    Case("two blanks before the target", b"GET  /x HTTP/1.1\r\nHost: h\r\n\r\n" + CANARY, is_pipelined=True),
    Case("two blanks behind the target", b"GET /x  HTTP/1.1\r\nHost: h\r\n\r\n" + CANARY, is_pipelined=True),
    Case("tab before the target", b"GET\t/x HTTP/1.1\r\nHost: h\r\n\r\n" + CANARY, by_library=True, is_pipelined=True),
    Case("CONNECT", b"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n" + CANARY, is_pipelined=True),
]

REST = [
    Case("no version", b"GET /x\r\nHost: h\r\n\r\n" + CANARY, by_library=True, is_pipelined=True),
    Case("HTTP/1.2", _get(version=b"HTTP/1.2"), status=505, is_pipelined=True),
    Case("HTTP/2.0", _get(version=b"HTTP/2.0"), status=505, by_library=True, is_pipelined=True),
    Case("preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", status=505, by_library=True),
    Case("HTTP/0.9 by number", _get(version=b"HTTP/0.9"), status=505, by_library=True, is_pipelined=True),
    Case("small letters in the version", _get(version=b"http/1.1"), by_library=True, is_pipelined=True),
    Case("method with a bracket", b"GE[T /x HTTP/1.1\r\nHost: h\r\n\r\n" + CANARY, is_pipelined=True),
    Case("unknown expectation", _post(b"Expect: magic"), status=417, is_pipelined=True),
    Case("two Authorizations", _get(b"/x", b"Authorization: Bearer a", b"Authorization: Bearer b"), is_pipelined=True),
    Case("two Content-Types", _post(b"Content-Type: a/b", b"Content-Type: a/c"), is_pipelined=True),
    Case("101 headers", _get(b"/x", *(b"X-%d: y" % i for i in range(100))), status=431, is_pipelined=True),
    Case("head of 9,000 bytes", _get(b"/x", b"X: " + b"y" * 9000), status=431, is_pipelined=True),
    Case("head of 30,000 bytes", _get(b"/x", b"X: " + b"y" * 30000), status=431, by_library=True, is_pipelined=True),
    Case("request line of 30,000 bytes", _get(b"/" + b"y" * 30000), status=414, by_library=True, is_pipelined=True),
]

PASSES = [
    Case("plain", _get(body=b""), None, 1, False),
    Case("two in one packet", _get(body=b"") + _get(body=b""), None, 2, False),
    Case("empty line first", b"\r\n" + _get(body=b""), None, 1, False),
    Case("HTTP/1.0 without Host", b"GET /x HTTP/1.0\r\n\r\n", None, 1, True),
    Case("HTTP/1.0, then more", b"GET /x HTTP/1.0\r\nHost: h\r\n\r\n" + CANARY, None, 1, True),
    Case("HTTP/1.0 that stays", b"GET /x HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n", None, 1, False),
    Case("HTTP/1.0 with a length", _post(b"Content-Length: " + LENGTH, version=b"HTTP/1.0"), None, 1, True),
    Case("GET with length 0", _get(b"/x", b"Content-Length: 0", body=b""), None, 1, False),
    Case("POST without a length", _post(body=b""), None, 1, False),
    Case("POST, then GET", _post(b"Content-Length: 2", body=b"{}") + _get(body=b""), None, 2, False),
    Case("length with zeros before it", _post(b"Content-Length: 000" + LENGTH), None, 1, False),
    Case("chunks, then GET",
         _post(_CHUNKED, body=b"2\r\n{}\r\n0\r\n\r\n") + _get(body=b""), None, 2, False),
    Case("capital chunked", _post(b"TRANSFER-ENCODING: CHUNKED", body=b"2\r\n{}\r\n0\r\n\r\n"), None, 1, False),
    Case("chunk extension and trailer",
         _post(_CHUNKED, body=b"2;a=b\r\n{}\r\n0\r\nX: y\r\n\r\n") + _get(body=b""), None, 2, False),
    Case("chunk size with zeros before it", _chunks(b"0002\r\n{}\r\n0000\r\n\r\n"), None, 1, False),
    Case("trailer that names a length", _chunks(b"2\r\n{}\r\n0\r\nContent-Length: " + LENGTH + b"\r\n\r\n"), None, 1, False),
    Case("canary in a body", _post(b"Content-Length: " + LENGTH), None, 1, False),
    Case("canary in a chunk", _chunks(b"%x\r\n%s\r\n0\r\n\r\n" % (len(CANARY), CANARY)), None, 1, False),
    Case("canary in a chunk extension", _chunks(b"2;%s\r\n{}\r\n0\r\n\r\n" % CANARY[:14]), None, 1, False),
    Case("Connection names the length", _post(b"Connection: Content-Length", b"Content-Length: " + LENGTH), None, 1, False),
    Case("Connection names the coding", _post(b"Connection: Transfer-Encoding", _CHUNKED,
                                              body=b"%x\r\n%s\r\n0\r\n\r\n" % (len(CANARY), CANARY)), None, 1, False),
    Case("offer of HTTP/2", _get(b"/x", b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk",
                                 body=b""), None, 1, False),
    Case("offer of a web socket", _get(b"/x", b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13",
                                       b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", body=b""), None, 1, False),
    Case("underscore for a hyphen", _post(b"Content_Length: " + LENGTH, b"Transfer_Encoding: chunked"), None, 2, False,
         is_pipelined=True),
    Case("encoded target", _get(b"/a%20b/%2Fc?q=%0A&r=[x]|{y}", body=b""), None, 1, False),
    Case("repeated Accept", _get(b"/x", b"Accept: a/b", b"Accept: c/d", body=b""), None, 1, False),
    Case("blank value, blanks around", _get(b"/x", b"X:", b"Y: \t z \t", body=b""), None, 1, False),
    # The library takes a bare LF between chunks, and anything in an extension. All who do find the same end of the body.
    Case("bare LF behind a chunk size", _chunks(b"2\n{}\r\n" + _CHUNKED_CANARY), None, 2, False, is_pipelined=True),
    Case("bare LF behind a chunk", _chunks(b"2\r\n{}\n" + _CHUNKED_CANARY), None, 2, False, is_pipelined=True),
    Case("bare LFs at the end of chunks", _chunks(b"2\r\n{}\r\n0\n\n" + CANARY), None, 2, False, is_pipelined=True),
    Case("CR in a chunk extension", _chunks(b"2;a\rb\r\n{}\r\n" + _CHUNKED_CANARY), None, 2, False, is_pipelined=True),
    # The library writes NUL over CR and LF both, so that here the gate cannot tell what stood there. Everybody who
    # takes a bare LF for the end of a line reads the same; who does not, refuses: deploy/ has two such proxies.
    Case("NUL for the CR of a line", b"GET /x HTTP/1.1\r\nHost: h\r\nX: a\0\n\r\n", None, 1, False),
]

CASES = FRAMING + CHUNKS + LINES + HOSTS + TARGETS + REST + PASSES
assert len({case.name for case in CASES}) == len(CASES)
