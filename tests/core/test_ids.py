"""Identifiers: RFC 9562 layout, order in time, and lookups that any text may be put to."""

import re
import time
import uuid

import pytest

from apps.accounts.models import Organization
from apps.core.ids import BASE62, PublicIdField, random_base62, uuid7
from apps.products.models import Product
from tests.factories.accounts import OrganizationFactory

HOSTILE = ["\x00", "org_\x00", "\ud800", "é", "org_" + "x" * 100_000, "", " ", "'; DROP TABLE --", "\u202e"]


class TestUuid7:
    def test_layout_is_that_of_the_rfc(self) -> None:
        before = time.time_ns() // 1_000_000
        value = uuid7()
        after = time.time_ns() // 1_000_000
        assert value.version == 7
        assert value.variant == uuid.RFC_4122
        assert before <= value.int >> 80 <= after

    def test_a_later_millisecond_sorts_behind(self, monkeypatch: pytest.MonkeyPatch) -> None:
        values = []
        for milliseconds in (1, 2, 1_000, 2**40, 2**48 - 1):
            monkeypatch.setattr(time, "time_ns", lambda ms=milliseconds: ms * 1_000_000)
            values += [uuid7() for _ in range(3)]
        for earlier, later in zip(values, values[3:], strict=False):
            assert earlier < later
            assert earlier.bytes < later.bytes
            assert str(earlier) < str(later)

    def test_the_other_74_bits_are_random(self) -> None:
        values = [uuid7().int for _ in range(1000)]
        assert len(set(values)) == 1000
        fixed = 0xF << 76 | 0x3 << 62
        ever_one = ever_zero = 0
        for value in values:
            ever_one |= value
            ever_zero |= ~value
        random_bits = (1 << 80) - 1 & ~fixed
        assert random_bits.bit_count() == 74
        assert ever_one & ever_zero & random_bits == random_bits


def test_base62_has_each_sign_once_and_uses_all() -> None:
    assert len(BASE62) == len(set(BASE62)) == 62
    assert set(random_base62(5000)) == set(BASE62)


@pytest.mark.django_db
class TestPublicId:
    def test_is_made_with_the_row_and_stays(self) -> None:
        organization = OrganizationFactory()
        made = organization.public_id
        assert re.fullmatch(r"org_[0-9A-Za-z]{22}", made)
        organization.save()
        organization.refresh_from_db()
        assert organization.public_id == made

    def test_is_made_by_bulk_create_too(self) -> None:
        rows = Organization.objects.bulk_create([Organization(name="A", slug="aa"), Organization(name="B", slug="bb")])
        assert all(re.fullmatch(r"org_[0-9A-Za-z]{22}", row.public_id) for row in rows)

    @pytest.mark.parametrize("text", HOSTILE)
    def test_any_text_finds_nothing_instead_of_an_error(self, text: str) -> None:
        OrganizationFactory()
        assert not Organization.objects.filter(public_id=text).exists()
        assert not Organization.objects.filter(public_id__in=[text]).exists()
        assert not Organization.objects.filter(slug=text).exists()
        assert not Product.objects.filter(organization__slug=text).exists()

    def test_migrations_make_the_same_field_again(self) -> None:
        field = Organization._meta.get_field("public_id")
        _name, path, args, kwargs = field.deconstruct()
        assert path == "apps.core.ids.PublicIdField"
        again = PublicIdField(*args, **kwargs)
        assert (again.prefix, again.max_length, again.unique, again.editable) == ("org", 32, True, False)
