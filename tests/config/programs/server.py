"""Start one embedded server, say which one serves, and hold it until standard input ends.

`python -m tests.config.programs.server postgres|valkey <local dir>` prints `{"url": …, "owned": …, "pid": …}`.
"""

import json
import sys
from pathlib import Path

from config.embedded.postgres import EmbeddedPostgres
from config.embedded.valkey import EmbeddedValkey

kind = {"postgres": EmbeddedPostgres, "valkey": EmbeddedValkey}[sys.argv[1]]
server = kind(Path(sys.argv[2]))
server.start()
process = server.process
print(json.dumps({"url": server.url, "owned": process is not None, "pid": process and process.pid}), flush=True)
sys.stdin.read()
server.stop()
