import jaxtyping
import pytest


@pytest.fixture
def plain_messages(monkeypatch):
    """What a reader has, who runs without the import hook: the library's own messages."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
