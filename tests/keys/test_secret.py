"""The shape of a key; that of every secret is tested in `tests/core/test_secrets.py`."""

import pytest

from apps.keys import secret
from apps.keys.enums import KeyMode


@pytest.mark.parametrize(("mode", "prefix"), [(KeyMode.LIVE, "af_live_"), (KeyMode.TEST, "af_test_")])
def test_a_key_says_its_mode(mode: KeyMode, prefix: str) -> None:
    made = secret.generate(mode)
    assert made.secret.startswith(prefix)
    assert made.prefix.startswith(prefix)
    assert secret.is_well_formed(made.secret)
    assert secret.TRACE.findall(f"curl -H 'X-Api-Key: {made.secret}' https://x") == [made.secret]


def test_a_key_of_one_mode_is_none_of_the_other() -> None:
    live = secret.generate(KeyMode.LIVE).secret
    assert not secret.is_well_formed(live.replace("af_live_", "af_test_"))
    assert not secret.is_well_formed(live.replace("af_live_", "af_pat_"))
