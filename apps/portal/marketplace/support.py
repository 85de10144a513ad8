"""The support channels of a product as one reader sees them: what is not for them is named, never shown."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from apps.plans.models import Plan
from apps.plans.selectors import cheapest_opening
from apps.products.contacts import href_of
from apps.products.enums import SupportKind
from apps.products.models import Product, SupportChannel
from apps.products.selectors import list_support_channels
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription


@dataclass(frozen=True)
class ChannelRow:
    """`value` and `href` are empty where the reader has no plan that opens it; then `plan` is one that does."""

    kind: str
    note: str
    value: str
    href: str
    plan: Plan | None

    @property
    def is_open(self) -> bool:
        return bool(self.value)

    @property
    def is_page(self) -> bool:
        return self.href.startswith("https:")


def channel_rows(
    product: Product, *, subscriptions: Iterable[Subscription], plans: Collection[Plan], is_own: bool
) -> list[ChannelRow]:
    """`subscriptions` are the reader's, with their plans' tiers; those that may call count."""
    ranks = [one.plan.tier.rank for one in subscriptions if one.status in SubscriptionStatus.callable()]
    highest = max(ranks, default=None)
    return [
        _row(channel, plans, is_open=is_own or _is_open(channel, highest)) for channel in list_support_channels(product)
    ]


def _is_open(channel: SupportChannel, highest: int | None) -> bool:
    return channel.tier is None or (highest is not None and highest >= channel.tier.rank)


def _row(channel: SupportChannel, plans: Collection[Plan], *, is_open: bool) -> ChannelRow:
    return ChannelRow(
        kind=str(SupportKind(channel.kind).label),
        note=channel.note,
        value=channel.value if is_open else "",
        href=href_of(channel.kind, channel.value) if is_open else "",
        plan=cheapest_opening(plans, channel.tier.rank) if channel.tier else None,
    )
