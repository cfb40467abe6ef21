"""A real HTTPS server that takes a chat's messages, and can be told to answer otherwise."""

import http.server
import json
import threading

from support import certificates


class Chatroom:
    """`posts` are (path, JSON) of all that came. `answers` are (status, headers) for the next ones instead of 200."""

    def __init__(self):
        self.posts = []
        self.answers = []
        self.lock = threading.Lock()
        room = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with room.lock:
                    room.posts.append((self.path, json.loads(body)))
                    status, headers = room.answers.pop(0) if room.answers else (200, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST

            def log_message(self, *_arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.socket = certificates.server_context().wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def start(self):
        self.thread.start()
        return self

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    @property
    def port(self):
        return self.server.server_address[1]

    def url(self, path="/hook"):
        return f"https://127.0.0.1:{self.port}{path}"

    def at(self, path):
        with self.lock:
            return [body for where, body in self.posts if where == path]
