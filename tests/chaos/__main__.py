"""`make chaos`: kill everything again and again under load, then prove that no call was lost or counted twice.

One victim at a time, `kill -9`, at random moments: a gateway process, the meter, a Celery worker, Redis, Postgres.
Before the next one, what died is back and every gateway has answered calls again: a gateway that dies together with
Redis loses what only the two of them knew, as the README of `apps.usage` says, and that is not what this is about.
"""

import argparse
import contextlib
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from config.embedded.postgres import EmbeddedPostgres
from config.embedded.server import EmbeddedServer
from config.embedded.valkey import EmbeddedValkey

VICTIMS = ("gateway", "meter", "worker", "redis", "postgres")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=5, help="how often each is killed")
    parser.add_argument("--victims", nargs="+", choices=VICTIMS, default=list(VICTIMS))
    parser.add_argument("--gateways", type=int, default=3)
    parser.add_argument("--clients", type=int, default=30)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    say(f"seed {options.seed}")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="api-factory-chaos-")))
        folder.chmod(0o711)  # the servers may run as another user
        postgres, valkey = EmbeddedPostgres(folder), EmbeddedValkey(folder)
        for server in (postgres, valkey):
            server.start()
            stack.callback(server.stop)
            os.environ[server.url_variable] = server.url
        os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings.test", "LOCAL_DIR": str(folder)}
        import django

        django.setup()
        return run(options, stack, {"redis": valkey, "postgres": postgres})


def run(options: argparse.Namespace, stack: contextlib.ExitStack, servers: dict[str, EmbeddedServer]) -> int:
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    from apps.plans.specs import QuotaSpec
    from tests import processes
    from tests.chaos.load import ROUTE, Load
    from tests.chaos.proof import prove, wait_for_rest
    from tests.own_servers import kill
    from tests.scenarios.world import contract

    call_command("migrate", verbosity=0)
    backend = stack.enter_context(processes.backend())
    upstreams = [processes.address(backend.url)]
    settings.UPSTREAM_ALLOW = upstreams
    quotas = (QuotaSpec(included_units=10**9, period="month"),)
    contracts = [
        contract(upstream_url=backend.url, slug=f"chaos-{number}", quotas=quotas, paths=(ROUTE,)) for number in range(3)
    ]
    gateways = [processes.gateway(upstreams=upstreams, impatient=True) for _ in range(options.gateways)]
    meter, worker = processes.meter(impatient=True), processes.worker()
    stack.enter_context(processes.running(*gateways, meter, worker))

    rng = random.Random(options.seed)
    children = {"gateway": lambda: rng.choice(gateways), "meter": lambda: meter, "worker": lambda: worker}
    plan = [victim for victim in options.victims for _ in range(options.kills)]
    rng.shuffle(plan)
    with Load(contracts, [gateway.url for gateway in gateways], clients=options.clients) as load:
        load.wait_for_more(50)
        for number, victim in enumerate(plan, start=1):
            wake_worker()
            time.sleep(rng.uniform(0.0, 1.5))
            began = time.monotonic()
            if victim in servers:
                kill(servers[victim])
                servers[victim].start()
            else:
                child = children[victim]()
                child.kill()
                child.start()
            load.wait_for_more(30)
            # Longer than a gateway waits before it brings what Redis has not taken.
            time.sleep(2.5)
            say(f"{number:3} of {len(plan)}: {victim} killed, all went on after {time.monotonic() - began - 2.5:.1f} s")
    connections.close_all()
    subscriptions = [one.subscription for one in contracts]
    wait_for_rest(subscriptions)
    verdict = prove(load.attempts, subscriptions, counters_url=settings.COUNTERS_URL)
    for fault in verdict.faults:
        say(fault)
    say(
        f"acknowledged={verdict.acknowledged} refused={verdict.refused} broken={verdict.broken} "
        f"billed_unacknowledged={verdict.unacknowledged} faults={len(verdict.faults)} seed={options.seed}"
    )
    sys.stdout.write(f"kills={len(plan)} calls={verdict.calls} lost={verdict.lost} doubled={verdict.doubled}\n")
    return 0 if verdict.holds else 1


def wake_worker() -> None:
    """Give the worker something to do: it writes down what each quota period was used."""
    from celery import Celery
    from django.conf import settings
    from kombu.exceptions import OperationalError

    with contextlib.suppress(OperationalError, OSError), Celery(broker=settings.CELERY_BROKER_URL) as app:
        app.send_task("usage.record_quota_periods", retry=False, ignore_result=True)


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
