"""`make up STRIPE=fake` as somebody sees it who tries it out: it starts, a purchase is paid, a month passes."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.config.product import ROOT, Product
from tests.payments.stripe_world import answer_page

pytestmark = pytest.mark.long

TIMEOUT_SECONDS = 60
# dj-stripe's migrations, on a machine that does other things besides.
START_SECONDS = 400.0
# Staff, who has bought nothing yet.
EMAIL, ORGANIZATION = "sam@example.com", "sam"


class Visitor:
    """Somebody with cookies, who is signed in."""

    def __init__(self, url: str, email: str, password: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.get(f"{url}/account/login/", timeout=TIMEOUT_SECONDS)
        self.send("/account/login/", login=email, password=password)

    def send(self, path: str, **form: str) -> str:
        """Send a form; the address that the answer leads to."""
        headers = {"X-CSRFToken": self.session.cookies["csrftoken"], "Referer": f"{self.url}{path}"}
        answer = self.session.post(
            f"{self.url}{path}", data=form, headers=headers, allow_redirects=False, timeout=TIMEOUT_SECONDS
        )
        assert answer.status_code == 302, f"{path}: {answer.status_code}\n{answer.text}"
        return answer.headers["Location"].removeprefix(self.url)

    def read(self, path: str) -> str:
        answer = self.session.get(f"{self.url}{path}", timeout=TIMEOUT_SECONDS)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return answer.text


def manage(product: Product, *command: str) -> str:
    """A command of `manage.py` beside the running product."""
    unwanted = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "PYTEST_XDIST_WORKER")
    environment = {name: value for name, value in os.environ.items() if name not in unwanted}
    environment["LOCAL_DIR"] = str(product.local_dir)
    done = subprocess.run(
        [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


FAULTS = """
from apps.ledger.checks import list_faults
from apps.payments.models import Payment
from apps.payouts.models import ReconciliationFault, ReconciliationRun
compared = ReconciliationRun.objects.filter(provider="stripe", transactions__gt=0).count()
paid = Payment.objects.filter(provider="stripe", status="succeeded").count()
print(compared, paid, [str(each) for each in ReconciliationFault.objects.all()], list(list_faults()))
"""


def test_a_purchase_and_a_month_leave_nothing_to_reconcile(product_dir: Path) -> None:
    with Product(product_dir, procfile=ROOT / "Procfile", environment={"DEMO": "true", "STRIPE": "fake"}) as product:
        product.started(START_SECONDS)
        told = json.loads((product.local_dir / "demo.json").read_text())
        [password] = {user["password"] for user in told["users"] if user["email"] == EMAIL}
        buyer = Visitor(told["web_url"], EMAIL, password)
        sale = "/products/httpbin/subscribe/pro/"
        [plan] = re.findall(r'name="plan" value="(\w+)"', buyer.read(sale))
        checkout = buyer.send(sale, organization=ORGANIZATION, plan=plan)
        page = buyer.send(f"{checkout}pay/", hosted="1")
        back = answer_page(page, card="visa").removeprefix(buyer.url)
        assert "You are subscribed" in buyer.read(back) or "is confirmed" in buyer.read(back)
        assert "so far" in product.output(), "who waits for the tables is told that it goes on"
        manage(product, "advance_clock", "32d")
        compared, paid, faults = manage(product, "shell", "-v", "0", "-c", FAULTS).split(maxsplit=2)
        assert (int(compared), int(paid)) == (2, 2), "the first payment and the renewal, on two days"
        assert faults == "[] []\n"
