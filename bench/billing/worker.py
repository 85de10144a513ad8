"""One process of the night: closes periods, charges, and asks again about charges that were cut off."""

import sys
import time

import django


def main() -> int:
    django.setup()
    from apps.billing.services import close_due_periods
    from apps.payments.services import settle_payments
    from bench.billing.night import is_done

    while not is_done():
        close_due_periods()
        settle_payments()
        time.sleep(0.2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
