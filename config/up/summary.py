"""What is shown when everything runs: addresses, accounts, and a call that works when pasted."""

from collections.abc import Iterator, Mapping
from typing import Any

from config.up.demo import example_call
from config.up.options import DEFAULT_LOCAL_DIR, Options
from config.up.terminal import short


def summary(options: Options, demo: Mapping[str, Any] | None) -> Iterator[str]:
    """The lines; `demo` is the content of `demo.json`, None when the demo is not loaded."""
    yield ""
    yield f"  Portal   {options.web_url}/"
    yield f"  Admin    {options.web_url}/admin/"
    yield f"  Gateway  {options.gateway_url}/"
    if options.fake_stripe:
        yield "  Stripe   a fake server: cards are saved on its page, and no money moves"
    yield f"  Logs     {short(options.local_dir / 'log')}/"
    if demo is not None:
        yield ""
        yield "  Demo accounts"
        width = max((len(user["email"]) for user in demo["users"]), default=0)
        for user in demo["users"]:
            yield f"    {user['email']:<{width}}  password {user['password']}  ({user['role']})"
        yield ""
        yield "  Call an API"
        yield f"    {example_call(demo, options.gateway_url)}"
        yield ""
        yield "  Let a month pass: renewals, invoices, changes of plan"
        folder = "" if options.local_dir == DEFAULT_LOCAL_DIR else f" LOCAL_DIR={options.local_dir}"
        yield f"    make advance BY=32d{folder}"
    yield ""
    yield "  Ctrl-C stops everything; the data stays."
