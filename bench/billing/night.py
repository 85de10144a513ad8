"""The night itself: workers that close every period, and someone who kills them."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from django.utils import timezone

from apps.billing.enums import InvoiceStatus
from apps.billing.models import Invoice
from apps.payments.enums import PaymentStatus
from apps.payments.models import Payment
from apps.subscriptions.models import Subscription

POLL_SECONDS = 0.25


def is_done() -> bool:
    """Whether no period is due, no invoice waits, and no charge is without an answer."""
    return not (
        Subscription.objects.filter(status="active", current_period_end__lte=timezone.now()).exists()
        or Invoice.objects.filter(status__in=[InvoiceStatus.DRAFT, InvoiceStatus.OPEN]).exists()
        or Payment.objects.filter(status=PaymentStatus.PROCESSING).exists()
    )


def run_night(size: int, *, workers: int, kills: int) -> dict[str, Any]:
    """Seconds from the first process to the last payment; memory is that of the largest process, in MB."""
    started, largest = time.monotonic(), 0.0
    kill_at = [size * (number + 1) // (kills + 1) for number in range(kills)]
    processes = [_start() for _ in range(workers)]
    try:
        while not is_done():
            time.sleep(POLL_SECONDS)
            largest = max([largest, *map(_rss_mb, processes)])
            if kill_at and Invoice.objects.filter(status=InvoiceStatus.PAID).count() >= kill_at[0]:
                kill_at.pop(0)
                for process in processes:
                    process.kill()  # SIGKILL, as the kernel or `kill -9` does it
                    process.wait()
                processes = [_start() for _ in range(workers)]
            for position, process in enumerate(processes):
                if process.poll():
                    raise RuntimeError(f"A worker ended with status {process.returncode}.")
                if process.returncode == 0:
                    processes[position] = _start()
        seconds = time.monotonic() - started
    finally:
        for process in processes:
            process.kill()
            process.wait()
    if kill_at:
        raise RuntimeError("The night was over before every kill.")
    return {
        "subscriptions": size,
        "seconds": round(seconds, 2),
        "invoices_per_second": round(size / seconds, 1),
        "rss_mb": round(largest, 1),
    }


def _start() -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "bench.billing.worker"], env=os.environ)


def _rss_mb(process: "subprocess.Popen[bytes]") -> float:
    """The largest resident memory that the process has had."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return 0.0  # it has just ended
    peak = next((line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")), "0")
    return int(peak) / 1024
