"""A real browser, and a web site for it to look at: pages of another origin than Relais."""

import http.server
import os
import shutil
import threading
import urllib.parse

# Chromium asks its maker's servers for this and that at every start; nothing here may leave the machine.
ARGUMENTS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--disable-default-apps", "--no-default-browser-check",
             "--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication"]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find():
    """The browser's program, or None."""
    given = os.environ.get("TEST_BROWSER")
    return given or next((path for name in NAMES if (path := shutil.which(name))), None)


def launch(playwright):
    # As root Chromium cannot have its sandbox; it sees nothing but the pages of these tests.
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=find(), args=ARGUMENTS + sandbox)


def barriers(page, context=None):
    """What axe finds that keeps somebody out: [(rule, the elements)]."""
    from axe_playwright_python.sync_playwright import Axe  # only where there is a browser
    found = Axe().run(page, context=context).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


class Site:
    """A web server with the pages that it is given: site.pages["/path"] = html, or (html, headers). Everything else is
    404. `requests` are the paths asked for, with their query."""

    def __init__(self):
        self.pages = {}
        self.requests = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    @property
    def origin(self):
        return f"http://localhost:{self.server.server_port}"

    def put(self, path, html, **headers):
        """Serves the page; its address."""
        self.pages[path] = (html, headers)
        return self.origin + path

    def _handler(site):  # noqa: N805 the handler has a self of its own
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                site.requests.append(self.path)
                found = site.pages.get(urllib.parse.urlsplit(self.path).path)
                html, headers = found or ("<!doctype html><title>Not found</title>", {})
                body = html.encode()
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
