"""A stand-in for `web` and `gateway`: a master whose worker answers every GET with the master's number."""

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MASTER = os.getpid()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(MASTER).encode())


server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
worker = os.fork()
if worker == 0:
    server.serve_forever()
signal.signal(signal.SIGTERM, lambda *_: os.kill(worker, signal.SIGTERM))
os.wait()
