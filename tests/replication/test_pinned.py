"""Another pysyncobj than the audited one is refused."""

import pytest

from replication.engine import pinned


def test_the_installed_release_is_the_audited_one() -> None:
    pinned.prepare()
    assert pinned.VERSION == pinned.VERSION_PINNED


def test_another_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pinned, "SHA256_PINNED", "0" * 64)
    with pytest.raises(pinned.PysyncobjNotAudited, match="Audit"):
        pinned.prepare()
