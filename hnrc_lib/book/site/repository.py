"""The address of the book's repository, from ``_config.yml`` or the environment of a publishing run."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

URL_VARIABLE = "HNRC_REPOSITORY_URL"
BRANCH_VARIABLE = "HNRC_REPOSITORY_BRANCH"
_GITHUB = re.compile(r"https://github\.com/(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?/?")
COLAB = "https://colab.research.google.com"
BINDER = "https://mybinder.org"


@dataclass(frozen=True)
class Repository:
    """A public GitHub repository that holds the notebooks.

    >>> Repository("someone", "a-book", "main").colab("notebooks/index.ipynb")
    'https://colab.research.google.com/github/someone/a-book/blob/main/notebooks/index.ipynb'
    """

    owner: str
    name: str
    branch: str

    @property
    def url(self) -> str:
        """The repository's page."""
        return f"https://github.com/{self.owner}/{self.name}"

    def colab(self, path: str) -> str:
        """Address that opens a notebook in Google Colab."""
        return f"{COLAB}/github/{self.owner}/{self.name}/blob/{self.branch}/{path}"

    def binder(self, path: str) -> str:
        """Address that opens a notebook in JupyterLab on Binder."""
        return f"{BINDER}/v2/gh/{self.owner}/{self.name}/{self.branch}?urlpath=lab/tree/{path}"


def find_repository(config_file: Path) -> Repository | None:
    """The repository that ``HNRC_REPOSITORY_URL`` or ``_config.yml`` names, or None while neither names one.

    Args:
        config_file: the book's ``_config.yml``; its ``repository: url:`` is empty until the book has a home.

    Raises:
        ValueError: the address is not that of a GitHub repository.
    """
    named = _configured(config_file)
    url = os.environ.get(URL_VARIABLE) or named.get("url") or ""
    if not url:
        return None
    match = _GITHUB.fullmatch(url)
    if match is None:
        raise ValueError(f"repository url must be https://github.com/<owner>/<name>, got {url!r}")
    return Repository(match["owner"], match["name"], find_branch(config_file))


def find_branch(config_file: Path) -> str:
    """The branch that readers get: ``HNRC_REPOSITORY_BRANCH``, or that of ``_config.yml``, or ``main``.

    A publishing run writes notebooks that know its address to a branch of their own.
    """
    return os.environ.get(BRANCH_VARIABLE) or _configured(config_file).get("branch") or "main"


def _configured(config_file: Path) -> dict[str, Any]:
    if not config_file.is_file():
        return {}
    return (yaml.safe_load(config_file.read_text("utf-8")) or {}).get("repository") or {}
