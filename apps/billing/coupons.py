"""What a coupon is made of, as plain data: the input of the services that make coupons."""

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from apps.billing.enums import CouponDuration
from apps.core.errors import Invalid
from apps.core.money import AMOUNT_MAX, CURRENCIES
from apps.core.values import check_integer

CYCLES_MAX = 120
REDEMPTIONS_MAX = 1_000_000
_CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{2,39}")


def normal_code(text: str) -> str:
    """A code as it is compared and kept: `spring-26 ` is SPRING-26. Empty for what cannot be one."""
    code = text.strip().upper()
    return code if _CODE.fullmatch(code) else ""


@dataclass(frozen=True, slots=True)
class CouponSpec:
    """`percent` (more than 0, at most 100) or `amount` minor units of `currency`, off the price of each period.

    It holds for the first period (`ONCE`), for `cycles` of them (`REPEATING`) or for all (`FOREVER`), of the plans with
    these slugs (none: of all plans).
    """

    code: str
    percent: Decimal | None = None
    amount: int | None = None
    currency: str = ""
    duration: str = CouponDuration.ONCE
    cycles: int | None = None
    max_redemptions: int | None = None
    redeem_by: dt.datetime | None = None
    plan_slugs: tuple[str, ...] = ()

    def check(self) -> None:
        """Raises `Invalid` with the field that is wrong."""
        if not isinstance(self.code, str) or not normal_code(self.code):
            raise Invalid(_("A code has 3 to 40 letters, digits, dashes or underscores."), field="code")
        if (self.percent is None) == (self.amount is None):
            raise Invalid(_("Give a percentage or an amount, one of the two."), field="percent")
        if self.percent is not None:
            self._check_percent(self.percent)
        else:
            check_integer(self.amount, field="amount", lowest=1, highest=AMOUNT_MAX)
            if self.currency not in CURRENCIES:
                raise Invalid(_("Give the currency of the amount, such as USD, EUR or JPY."), field="currency")
        if self.duration not in CouponDuration.values:
            raise Invalid(_("Choose for how long it holds."), field="duration")
        if self.duration == CouponDuration.REPEATING:
            check_integer(self.cycles, field="cycles", lowest=1, highest=CYCLES_MAX)
        elif self.cycles is not None:
            raise Invalid(_("Only a coupon for several billing periods says how many."), field="cycles")
        if self.max_redemptions is not None:
            check_integer(self.max_redemptions, field="max_redemptions", lowest=1, highest=REDEMPTIONS_MAX)

    def _check_percent(self, percent: Decimal) -> None:
        if self.currency:
            raise Invalid(_("A percentage has no currency."), field="currency")
        if not isinstance(percent, Decimal) or not percent.is_finite() or not 0 < percent <= 100:
            raise Invalid(_("Give a percentage above 0, and 100 at most."), field="percent")
        if percent != round(percent, 2):
            raise Invalid(_("A percentage has two decimal places at most."), field="percent")
