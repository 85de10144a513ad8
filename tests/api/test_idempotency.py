"""A request with an `Idempotency-Key` is carried out once, however often and by however many it is sent."""

import datetime as dt
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from apps.billing.models import Checkout
from apps.core.errors import Conflict
from apps.core.models import IdempotentRequest
from apps.core.rest import idempotency
from apps.core.rest.errors import IdempotencyKeyReused, IdempotentRequestUnfinished
from apps.core.rest.idempotency import IdempotentCall, Outcome, run_in_one_transaction, run_reserved
from apps.keys.models import ApiKey
from apps.keys.secret import signing_secret
from apps.payments.models import Payment, PaymentMethod
from apps.payments.services import add_card
from apps.products.models import Product
from tests.api.world import World
from tests.threads import at_once

CALL = IdempotentCall("user_1/org_1", "k", b"f")


@pytest.fixture
def world(db: None) -> World:
    """Of the test's own: others here commit, so there is none for all of them."""
    return World()


def product(slug: str) -> dict[str, str]:
    return {"name": "Maps", "slug": slug, "upstream_url": "https://maps.example.com"}


def test_a_repeat_gets_the_first_answer(world: World) -> None:
    api = world.creator.api
    first = api.post("/products", product("cities"), key="one")
    again = api.post("/products", product("cities"), key='"one"')
    assert (first.status, again.status) == (201, 201)
    assert again.data == first.data
    assert "Idempotency-Replayed" not in first.response
    assert again.response["Idempotency-Replayed"] == "true"
    assert Product.objects.filter(slug="cities").count() == 1


def test_a_body_is_the_same_however_it_is_written(world: World) -> None:
    api, body = world.creator.api, product("cities")
    first = api.post("/products", body, key="one")
    again = api.post("/products", dict(reversed(body.items())), key="one")
    assert (again.status, again.data) == (201, first.data)
    written = [b'{"a": [1, 2], "b": 1}', b'{ "b":1,"a":[1,2]}', b'{"a": [2, 1], "b": 1}', b'{"a": [1, 2], "b": 1.0}']
    prints = [idempotency.fingerprint_of("POST", "/x", one) for one in [*written, b"no json", b""]]
    assert prints[0] == prints[1]
    assert len(set(prints)) == len(prints) - 1


def test_a_key_belongs_to_one_request_of_one_caller(world: World) -> None:
    api = world.creator.api
    assert api.post("/products", product("cities"), key="one").status == 201
    other = api.post("/products", product("rivers"), key="one")
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    assert api.post(f"{world.product_path}/publish", key="one").code == "idempotency_key_reused"
    assert world.stranger.api.post("/products", product("rivers"), key="one").status == 201


@pytest.mark.parametrize("key", ["x" * 256, '""', "a b", "é".encode().decode("latin-1"), " "])
def test_what_is_no_key_is_refused(world: World, key: str) -> None:
    assert world.creator.api.post("/products", product("cities"), key=key).code == "idempotency_key_invalid"


def test_what_is_refused_can_be_mended_under_the_same_key(world: World) -> None:
    api = world.creator.api
    assert api.post("/products", product("-"), key="one").status == 422
    assert api.post("/products", product("cities"), key="one").status == 201


def test_a_secret_is_shown_once_and_kept_nowhere(world: World) -> None:
    api, path = world.consumer.api, f"{world.subscription_path}/keys"
    first = api.post(path, {"name": "program"}, key="one").data
    again = api.post(path, {"name": "program"}, key="one").data
    assert first["secret"].startswith("af_live_")
    assert again == first | {"secret": None}
    assert first["secret"] not in str(IdempotentRequest.objects.values_list("content"))
    assert ApiKey.objects.filter(name="program").count() == 1


def test_so_is_the_signing_secret_of_a_key_whose_calls_are_signed(world: World) -> None:
    world.product.requires_signature = True
    world.product.save()
    api, path = world.consumer.api, f"{world.subscription_path}/keys"
    first = api.post(path, {"name": "program"}, key="one").data
    assert first["signing_secret"] == signing_secret(first["key"]["id"])
    again = api.post(path, {"name": "program"}, key="one").data
    assert again == first | {"secret": None, "signing_secret": None}
    assert first["signing_secret"] not in str(IdempotentRequest.objects.values_list("content"))
    rotated = api.post(f"{path}/{first['key']['id']}/rotate", {}).data
    assert rotated["signing_secret"] == signing_secret(rotated["key"]["id"]) != first["signing_secret"]


def test_a_payment_is_made_once_and_a_declined_one_is_remembered(world: World) -> None:
    api, path = world.consumer.api, f"/checkouts/{world.checkout.public_id}/pay"
    declined = add_card(actor=world.consumer.actor, number="4000000000000002", exp_month=1, exp_year=2040, cvc="123")
    before = api.post(path, {"method": declined.public_id}, key="one")
    assert (before.status, before.code) == (402, "card_declined")
    again = api.post(path, {"method": declined.public_id}, key="one")
    assert again.body["error"] == before.body["error"]
    assert Payment.objects.filter(method=declined).count() == 1
    paid = api.post(path, {"method": world.card.public_id}, key="two")
    assert paid.data["status"] == "succeeded"
    assert api.post(path, {"method": world.card.public_id}, key="two").data == paid.data
    assert api.post(path, {"method": world.card.public_id}, key="three").status == 409
    assert Checkout.objects.get(pk=world.checkout.pk).status == "completed"


def test_a_card_number_cannot_be_found_out_from_what_is_kept(world: World) -> None:
    card = {"number": "5555555555554444", "exp_month": 12, "exp_year": 2040, "cvc": "123"}
    answer = world.consumer.api.post("/payment-methods", card, key="one")
    assert answer.status == 201
    kept = IdempotentRequest.objects.get(key="one")
    assert "5555555555554444" not in str(kept.content)
    plain = idempotency.hashlib.sha256(b"POST").digest()
    assert bytes(kept.fingerprint) != plain
    assert PaymentMethod.objects.filter(last4="4444").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("run", [run_in_one_transaction, run_reserved])
def test_of_many_at_once_one_does_the_work(run: Any) -> None:
    done: list[int] = []

    def work() -> Outcome:
        done.append(1)
        return Outcome(201, {"number": len(done)})

    def call() -> Any:
        try:
            return run(CALL, work).content
        except IdempotentRequestUnfinished:
            return "unfinished"

    answers = at_once(*[call] * 6)
    assert len(done) == 1
    assert {"number": 1} in answers
    assert all(answer in ({"number": 1}, "unfinished") for answer in answers)
    assert run(CALL, work).replayed


@pytest.mark.django_db(transaction=True)
def test_work_that_dies_with_its_transaction_is_done_by_the_repeat() -> None:
    def dies() -> Outcome:
        Product.objects.filter(pk=0).delete()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        run_in_one_transaction(CALL, dies)
    assert not IdempotentRequest.objects.exists()
    assert run_in_one_transaction(CALL, lambda: Outcome(200, 1)).content == 1


@pytest.mark.django_db
def test_work_that_died_in_between_is_not_done_again_unknowingly() -> None:
    def dies() -> Outcome:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        run_reserved(CALL, dies)
    with pytest.raises(IdempotentRequestUnfinished):
        run_reserved(CALL, lambda: Outcome(200, 1))

    def refuses() -> Outcome:
        raise Conflict

    other = IdempotentCall("user_1/org_1", "other", b"f")
    with pytest.raises(Conflict):
        run_reserved(other, refuses)
    assert run_reserved(other, lambda: Outcome(200, 1)).content == 1
    with pytest.raises(IdempotencyKeyReused):
        run_reserved(IdempotentCall("user_1/org_1", "other", b"g"), refuses)


@pytest.mark.django_db
def test_a_request_is_forgotten_after_a_day() -> None:
    for run, key in ((run_in_one_transaction, "a"), (run_reserved, "b"), (run_reserved, "c")):
        run(IdempotentCall("user_1/org_1", key, b"f"), lambda: Outcome(200, 1))
    IdempotentRequest.objects.update(created_at=timezone.now() - dt.timedelta(hours=25))
    for run, key in ((run_in_one_transaction, "a"), (run_reserved, "b")):
        again = run(IdempotentCall("user_1/org_1", key, b"g"), lambda: Outcome(200, 2))
        assert (again.content, again.replayed) == (2, False)
    assert idempotency.prune() == 1
    with transaction.atomic():
        assert IdempotentRequest.objects.count() == 2
