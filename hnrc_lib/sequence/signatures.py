"""The signature of an autograd function, found once: torch inspects ``forward`` anew at every ``apply``."""

import inspect
from collections.abc import Callable
from typing import Any


def with_signature(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself, its signature kept where ``inspect.signature`` looks first."""
    function.__signature__ = inspect.signature(function)  # pyright: ignore[reportFunctionMemberAccess]
    return function
