"""What a product tells its consumers: tags, contacts, changelog, questions, support channels, categories."""

import datetime as dt
from typing import Any

import pytest

from apps.accounts.access import Actor
from apps.accounts.models import AuditEvent
from apps.core import clock
from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound
from apps.core.models import Change
from apps.notifications.models import Notice
from apps.products import services, tasks
from apps.products.contacts import check_contact, href_of
from apps.products.models import Category, Product
from apps.products.selectors import list_changelog, list_faq, list_support_channels
from apps.products.tags import check_tags
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.actors import make_actor
from tests.factories.plans import PlanFactory
from tests.factories.products import ChangelogEntryFactory, FaqEntryFactory, ProductFactory, TierFactory
from tests.factories.subscriptions import SubscriptionFactory


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ([" Weather ", "WEATHER", "open  data", "open_data", ""], ["weather", "open-data"]),
        (["C++", "c#", "Node.js", "-x-", "...", "a/b"], ["c++", "c#", "node.js", "x", "a-b"]),
        (["Zürich", "日本"], ["zürich", "日本"]),
    ],
)
def test_tags_are_written_in_one_way(given: list[str], stored: list[str]) -> None:
    assert check_tags(given) == stored
    assert check_tags(stored) == stored


@pytest.mark.parametrize(
    "tags", ["weather", None, [1], ["x" * 31], [f"t{n}" for n in range(11)], ["a\x00b"], ["\u202e"]]
)
def test_tags_that_cannot_be(tags: Any) -> None:
    with pytest.raises(Invalid) as refused:
        check_tags(tags)
    assert refused.value.field == "tags"


CONTACTS = {
    "email": (["help@example.com", "a.b+c@sub.example.com"], "mailto:"),
    "phone": (["+49 30 1234567", "+1 (555) 010-1234"], "tel:"),
    "website": (
        ["https://example.com", "https://example.com:8443/a?b=c#d", "https://xn--bcher-kva.example/"],
        "https:",
    ),
    "chat": (["https://chat.example.com/invite/x-Y_z~1"], "https:"),
    "issues": (["https://example.com/x/issues"], "https:"),
}
NO_LINKS = [
    "", "x", "http://example.com", "javascript:alert(1)", "https://", "https://localhost", "https://user@example.com",
    "https://example.com/\"onclick=x", "https://example.com/<b>", "https://exa mple.com", "https://example.com:99999",
    "//example.com", "data:text/html,x", "https://[::1]/", "https://example.com/\x00", "https://bücher.example/",
    "https://example.com/" + "x" * 300, None, 5,
]  # fmt: skip
NO_CONTACTS = {
    "email": ["", "x", "x@", "a@example.com?cc=a@b.com", "a b@example.com", '"<b>"@example.com', "ä@example.com", None],
    "phone": ["", "030 1234567", "+49", "+49 30 12345678901234567890", "+49 abc 123456", "tel:+491234567", None],
    "website": NO_LINKS,
    "chat": NO_LINKS[:6],
    "issues": NO_LINKS[:6],
    "pigeon": ["help@example.com"],
}  # fmt: skip


@pytest.mark.parametrize("kind", CONTACTS)
def test_a_contact_is_what_its_kind_says(kind: str) -> None:
    values, scheme = CONTACTS[kind]
    for value in values:
        assert check_contact(kind, f" {value} ") == value
        assert href_of(kind, value).startswith(scheme)
    assert href_of("phone", "+1 (555) 010-1234") == "tel:+15550101234"


@pytest.mark.parametrize("kind", NO_CONTACTS)
def test_anything_else_is_refused(kind: str) -> None:
    for value in NO_CONTACTS[kind]:
        with pytest.raises(Invalid):
            check_contact(kind, value)


@pytest.fixture
def actor() -> Actor:
    return make_actor()


@pytest.fixture
def product(actor: Actor) -> Product:
    made: Product = ProductFactory(organization=actor.organization, name="Weather")
    return made


@pytest.mark.django_db
class TestChangelog:
    def test_a_draft_is_published_and_subscribers_are_told_once(
        self, actor: Actor, product: Product, django_capture_on_commit_callbacks: Any
    ) -> None:
        consumer = MembershipFactory()
        SubscriptionFactory(organization=consumer.organization, plan=PlanFactory(tier__product=product))
        entry = services.add_changelog_entry(
            actor=actor, product=product, title=" New  models ", version="2.1", body="**Three** models.\r\n"
        )
        assert (entry.title, entry.body, list(list_changelog(product))) == ("New models", "**Three** models.", [])
        with django_capture_on_commit_callbacks(execute=True):
            services.publish_changelog_entry(actor=actor, entry=entry)
        [notice] = Notice.objects.all()
        assert (notice.user, notice.title) == (consumer.user, "Weather 2.1: New models")
        assert notice.url == f"/products/{product.slug}/changelog/"
        with django_capture_on_commit_callbacks(execute=True):
            services.unpublish_changelog_entry(actor=actor, entry=entry)
            services.publish_changelog_entry(actor=actor, entry=entry)
            tasks.announce_waiting.run()
            tasks.announce_changelog_entry.run(entry_id=entry.pk)
        assert Notice.objects.count() == 1
        assert not Change.objects.exists(), "the gateway has nothing to do with it"

    def test_what_the_broker_lost_is_told_later(
        self, actor: Actor, product: Product, django_capture_on_commit_callbacks: Any
    ) -> None:
        consumer = MembershipFactory()
        SubscriptionFactory(organization=consumer.organization, plan=PlanFactory(tier__product=product))
        ChangelogEntryFactory(product=product, published_at=clock.now() - dt.timedelta(minutes=6))
        ChangelogEntryFactory(product=product)
        with django_capture_on_commit_callbacks(execute=True):
            tasks.announce_waiting.run()
        assert Notice.objects.count() == 1

    def test_the_date_may_lie_in_the_past_and_not_ahead(self, actor: Actor, product: Product) -> None:
        entry = ChangelogEntryFactory(product=product)
        past = dt.datetime(2024, 5, 1, tzinfo=dt.UTC)
        assert services.publish_changelog_entry(actor=actor, entry=entry, published_at=past).published_at == past
        assert services.publish_changelog_entry(actor=actor, entry=entry).published_at == past
        for date in (clock.now() + dt.timedelta(hours=1), dt.datetime(1, 1, 1, tzinfo=dt.UTC)):
            with pytest.raises(Invalid) as refused:
                services.publish_changelog_entry(actor=actor, entry=entry, published_at=date)
            assert refused.value.field == "published_at"

    def test_entries_of_others_are_not_found(self, product: Product) -> None:
        entry = ChangelogEntryFactory(product=product)
        for service in (services.publish_changelog_entry, services.remove_changelog_entry):
            with pytest.raises(NotFound):
                service(actor=make_actor(), entry=entry)
        services.remove_changelog_entry(actor=make_actor(product.organization), entry=entry)
        with pytest.raises(NotFound):
            services.update_changelog_entry(actor=make_actor(product.organization), entry=entry, title="x")


@pytest.mark.django_db
def test_questions_keep_the_order_that_they_are_given(actor: Actor, product: Product) -> None:
    def order() -> list[str]:
        return [entry.question for entry in list_faq(product)]

    FaqEntryFactory(question="Of another product")
    first, _second, third = (
        services.add_faq_entry(actor=actor, product=product, question=question, answer="x") for question in "abc"
    )
    assert order() == ["a", "b", "c"]
    services.move_faq_entry(actor=actor, entry=third, by=-1)
    assert order() == ["a", "c", "b"]
    for _ in range(3):
        services.move_faq_entry(actor=actor, entry=first, by=1)
    assert order() == ["c", "b", "a"]
    services.update_faq_entry(actor=actor, entry=first, question="A", answer="y")
    services.remove_faq_entry(actor=actor, entry=third)
    assert order() == ["b", "A"]
    with pytest.raises(Invalid) as refused:
        services.add_faq_entry(actor=actor, product=product, question="x", answer="  ")
    assert refused.value.field == "answer"
    for _ in range(48):
        services.add_faq_entry(actor=actor, product=product, question="x", answer="x")
    with pytest.raises(Conflict):
        services.add_faq_entry(actor=actor, product=product, question="x", answer="x")


@pytest.mark.django_db
def test_a_channel_is_for_a_tier_of_its_product(actor: Actor, product: Product) -> None:
    tier = TierFactory(product=product)
    channel = services.add_support_channel(
        actor=actor, product=product, kind="email", value="help@example.com", note="x", tier=tier
    )
    with pytest.raises(Invalid) as refused:
        services.update_support_channel(
            actor=actor, channel=channel, kind="email", value="help@example.com", tier=TierFactory()
        )
    assert refused.value.field == "tier"
    services.update_support_channel(actor=actor, channel=channel, kind="phone", value="+49 30 1234567")
    [found] = list_support_channels(product)
    assert (found.kind, found.value, found.note, found.tier) == ("phone", "+49 30 1234567", "", None)


@pytest.mark.django_db
def test_categories_are_the_staffs() -> None:
    staff, other = UserFactory(is_staff=True), UserFactory()
    category = services.save_category(staff=staff, slug="birds", name="Birds", position=5)
    product = ProductFactory(category=category)
    services.save_category(staff=staff, slug="birds", name="All birds", category=category)
    for slug, name in (("birds", "x"), ("y", "All birds"), ("A B", "z"), ("okay", "")):
        with pytest.raises(Invalid):
            services.save_category(staff=staff, slug=slug, name=name)
    with pytest.raises(NotAllowed):
        services.save_category(staff=other, slug="fish", name="Fish")
    with pytest.raises(NotAllowed):
        services.remove_category(staff=other, category=category)
    services.remove_category(staff=staff, category=Category.objects.get(slug="birds"))
    product.refresh_from_db()
    assert product.category is None
    assert AuditEvent.objects.filter(action__startswith="category.", actor=staff).count() == 3
