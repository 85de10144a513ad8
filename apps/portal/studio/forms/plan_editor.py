"""A plan being written: its form and its formsets as one thing."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from apps.core.money import major_units, minor_unit_digits
from apps.plans.enums import BillingInterval, OverageRule, QuotaAnchor
from apps.plans.models import Plan
from apps.plans.specs import PlanSpec, QuotaSpec
from apps.portal.studio.forms.plans import PlanForm, PriceTierFormSet, QuotaFormSet, RateLimitFormSet
from apps.portal.wording import beyond_in_words, overage_in_words
from apps.products.models import Product
from apps.products.selectors import list_endpoints

DEFAULT_CURRENCY = "USD"
QUOTAS, PRICE_TIERS, RATE_LIMITS = "quotas", "price_tiers", "rate_limits"
_ROW_FIELDS = {
    QUOTAS: ("included_units", "period", "anchor"),
    PRICE_TIERS: ("up_to_units", "unit_price", "flat_price"),
    RATE_LIMITS: ("max_calls", "window", "endpoint"),
}
_ROWS_MAX = {
    QUOTAS: QuotaFormSet.max_num, PRICE_TIERS: PriceTierFormSet.max_num, RATE_LIMITS: RateLimitFormSet.max_num,
}  # fmt: skip

Row = dict[str, Any]


class PlanEditor:
    """`form`, `quotas`, `price_tiers` and `rate_limits` are what a template renders; `spec` is what a service takes."""

    def __init__(
        self,
        product: Product,
        *,
        plan: Plan | None = None,
        data: QueryDict | None = None,
        initial: Row | None = None,
        rows: dict[str, list[Row]] | None = None,
    ) -> None:
        rows = rows or {}
        self.plan = plan
        self.focused = ""  # the formset whose button is focused
        self.currency = plan.currency if plan else DEFAULT_CURRENCY
        self.endpoints = {str(endpoint): endpoint for endpoint in list_endpoints(product)}
        self.price_digits = minor_unit_digits(self.currency)
        self.form = PlanForm(data, initial=initial, product=product, price_digits=self.price_digits)
        self.quotas = QuotaFormSet(data, initial=rows.get(QUOTAS), prefix=QUOTAS)
        self.price_tiers = PriceTierFormSet(
            data,
            initial=rows.get(PRICE_TIERS),
            prefix=PRICE_TIERS,
            form_kwargs={"price_digits": self.price_digits},
        )
        self.rate_limits = RateLimitFormSet(
            data, initial=rows.get(RATE_LIMITS), prefix=RATE_LIMITS, form_kwargs={"endpoints": self.endpoints}
        )

    @classmethod
    def blank(cls, product: Product) -> "PlanEditor":
        """A new plan: an empty row of each kind is offered."""
        return cls(product, rows={QUOTAS: [{}], PRICE_TIERS: [{}], RATE_LIMITS: [{}]})

    @classmethod
    def of(cls, product: Product, plan: Plan) -> "PlanEditor":
        """What the plan says now."""
        initial = {
            "name": plan.name,
            "description": plan.description,
            "tier": plan.tier.slug,
            "price": Decimal(plan.price_amount).scaleb(-minor_unit_digits(plan.currency)),
            "interval": plan.interval,
            "requires_approval": plan.requires_approval,
            "visibility": plan.visibility,
            "quota_on_change": plan.quota_on_change,
            "trial_days": plan.trial_days,
            "trial_requires_card": plan.trial_requires_card,
            "max_concurrent": plan.max_concurrent,
        } | _overage_of(plan)
        rows: dict[str, list[Row]] = {
            QUOTAS: [
                {"included_units": quota.included_units, "period": quota.period, "anchor": quota.anchor}
                for quota in plan.quotas.all()
            ],
            PRICE_TIERS: _price_tiers_of(plan) or [{}],
            RATE_LIMITS: [
                {"max_calls": limit.max_calls, "window": limit.window, "endpoint": str(limit.endpoint or "")}
                for limit in plan.rate_limits.all()
                # The limit of an endpoint that was removed has nothing left to limit.
                if limit.endpoint is None or limit.endpoint.removed_at is None
            ],
        }
        return cls(product, plan=plan, initial=initial, rows=rows)

    @classmethod
    def with_rows_changed(cls, product: Product, data: QueryDict, plan: Plan | None = None) -> "PlanEditor | None":
        """What was posted by the buttons that add or remove a row, unchecked; None when it was another button.

        `add` names the formset, `remove` the row: `quotas-2`.
        """
        added = data.get("add", "")
        removed, _dash, number = data.get("remove", "").rpartition("-")
        if added not in _ROW_FIELDS and removed not in _ROW_FIELDS:
            return None
        rows = {prefix: _posted_rows(data, prefix) for prefix in _ROW_FIELDS}
        if added in rows and len(rows[added]) < _ROWS_MAX[added]:
            rows[added].append({})
        if removed in rows and number.isascii() and number.isdigit():
            rows[removed] = [row for index, row in enumerate(rows[removed]) if str(index) != number]
        editor = cls(product, plan=plan, initial=data.dict(), rows=rows)
        editor._focus(added, removed)
        return editor

    def _focus(self, added: str, removed: str) -> None:
        """Where typing goes on: in the new row, or at the button below the rows of which one is gone."""
        if added in _ROW_FIELDS:
            rows = {QUOTAS: self.quotas, PRICE_TIERS: self.price_tiers, RATE_LIMITS: self.rate_limits}[added]
            rows.forms[-1].fields[_ROW_FIELDS[added][0]].widget.attrs["autofocus"] = True
        else:
            self.focused = removed

    def is_valid(self) -> bool:
        # Each is asked, so that every mistake is shown at once.
        parts = [self.form.is_valid(), self.quotas.is_valid(), self.rate_limits.is_valid()]
        if self._is_graduated:
            parts.append(self._has_price_tiers())
        return all(parts) and self._has_quota_to_go_beyond()

    @property
    def _is_graduated(self) -> bool:
        """Whether the tiers count; with another rule chosen they are left as they are."""
        return self.form.is_bound and self.form["overage"].value() == OverageRule.GRADUATED

    def _has_price_tiers(self) -> bool:
        if self.price_tiers.is_valid() and not self.price_tiers.filled:
            self.form.add_error("overage", _("Add a tier: what each extra unit costs."))
            return False
        return self.price_tiers.is_valid()

    def _has_quota_to_go_beyond(self) -> bool:
        """Extra units are charged beyond the quota of the billing interval: there is one, or the form says so."""
        values = self.form.cleaned_data
        charged = values["overage"] in OverageRule.charged()
        if not charged or any(self._is_charged(row.spec()) for row in self.quotas.filled):
            return True
        interval = BillingInterval(values["interval"]).label
        self.form.add_error(
            "overage",
            _("Add a quota for each %(interval)s that begins with the subscription: beyond it, units are charged.")
            % {"interval": interval},
        )
        return False

    def _is_charged(self, quota: QuotaSpec) -> bool:
        return quota.period == self.form.cleaned_data["interval"] and quota.anchor == QuotaAnchor.SUBSCRIPTION

    @property
    def has_errors(self) -> bool:
        rows = [self.quotas, self.rate_limits, *([self.price_tiers] if self._is_graduated else [])]
        return bool(self.form.errors or sum(some.total_error_count() for some in rows))

    def spec(self) -> PlanSpec:
        values = self.form.cleaned_data
        return PlanSpec(
            name=values["name"],
            description=values["description"],
            tier_slug=values["tier"],
            price_amount=int(values["price"].scaleb(self.price_digits)),
            currency=self.currency,
            quotas=tuple(self._with_overage(row.spec()) for row in self.quotas.filled),
            rate_limits=tuple(row.spec() for row in self.rate_limits.filled),
            interval=values["interval"],
            requires_approval=values["requires_approval"],
            visibility=values["visibility"],
            quota_on_change=values["quota_on_change"],
            trial_days=values["trial_days"] or 0,
            trial_requires_card=values["trial_requires_card"],
            max_concurrent=values["max_concurrent"],
        )

    def _with_overage(self, quota: QuotaSpec) -> QuotaSpec:
        values = self.form.cleaned_data
        if values["overage"] not in OverageRule.charged() or not self._is_charged(quota):
            return quota
        charged = replace(quota, overage=values["overage"], overage_max_units=values["overage_max"])
        if self._is_graduated:
            return replace(charged, price_tiers=tuple(row.price() for row in self.price_tiers.filled))
        return replace(charged, overage_unit_amount=values["overage_price"].scaleb(self.price_digits))

    @property
    def sentence(self) -> str:
        """What happens beyond the quota, in words, by what is filled in; empty while that says nothing yet."""
        if not self.form.is_bound:
            return beyond_in_words(self.plan) if self.plan else ""
        if not self.is_valid():
            return ""
        quotas = self.spec().quotas
        return next((words for quota in quotas if (words := overage_in_words(quota, self.currency))), "")


def _overage_of(plan: Plan) -> Row:
    for quota in plan.quotas.all():
        if quota.overage_unit_amount is not None:
            price = _major(quota.overage_unit_amount, plan.currency)
            return {"overage": quota.overage, "overage_price": price, "overage_max": quota.overage_max_units}
        if quota.is_graduated:
            return {"overage": quota.overage, "overage_max": quota.overage_max_units}
    return {"overage": OverageRule.BLOCK}


def _price_tiers_of(plan: Plan) -> list[Row]:
    return [
        {
            "up_to_units": tier.up_to_units,
            "unit_price": _major(tier.unit_amount, plan.currency),
            "flat_price": _major(Decimal(tier.flat_amount), plan.currency) if tier.flat_amount else None,
        }
        for quota in plan.quotas.all()
        if quota.is_graduated
        for tier in quota.tier_prices
    ]


def _major(amount: Decimal, currency: str) -> str:
    """A price as it is typed: without an exponent or needless zeros."""
    return f"{major_units(amount, currency).normalize():f}"


def _posted_rows(data: QueryDict, prefix: str) -> list[Row]:
    total = data.get(f"{prefix}-TOTAL_FORMS", "")
    count = min(int(total), _ROWS_MAX[prefix]) if total.isascii() and total.isdigit() and len(total) < 5 else 0
    return [
        {name: data[key] for name in _ROW_FIELDS[prefix] if (key := f"{prefix}-{index}-{name}") in data}
        for index in range(count)
    ]
