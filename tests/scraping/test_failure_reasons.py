from demicouture.cli import HOUSE
from demicouture.scraping import failure_reasons


def test_the_reasons_are_explained():
    table = (HOUSE / "data/README.md").read_text("utf-8")
    for reason, meaning in failure_reasons.REASONS.items():
        assert f"| `{reason}` | {meaning} |" in table


def test_known_reasons():
    assert all(failure_reasons.is_known(reason) for reason in ("timeout", "HTTP 404", "planted:side-view"))
    assert not failure_reasons.is_known("something else") and not failure_reasons.is_known("HTTP")
