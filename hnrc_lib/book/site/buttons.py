"""Buttons above a page: run its notebook, download it and its records, print."""

import re
import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util import logging

from hnrc_lib.book.site.repository import Repository, find_repository
from hnrc_lib.book.twins.paths import twin_path
from hnrc_lib.paths import shipped

LOGGER = logging.getLogger(__name__)
RECORDS = "records"
_RECORD = re.compile(r'\bdata-record="([\w.-]+)"')


def add_buttons(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Sphinx's ``html-page-context`` event: replace the theme's buttons, which know nothing of the twins."""
    if doctree is None:
        context["hnrc_buttons"] = []
        return
    groups = []
    if has_code(app, pagename):
        path = twin_path(pagename)
        _copy_twin(app, path, pagename)
        repository = find_repository(Path(app.srcdir) / "_config.yml")
        if repository is not None:
            groups.append(_launch_group(repository, path))
        downloads = [_download("Notebook (.ipynb)", context["pathto"](path, 1))]
        downloads += _records(app, context)
        groups.append({"label": "Download", "icon": "fa-solid fa-download", "items": downloads})
    context["hnrc_buttons"] = groups


def has_code(app: Sphinx, pagename: str) -> bool:
    """Whether a page has code cells, and therefore a notebook twin."""
    return bool(getattr(app.env, "nb_metadata", {}).get(pagename, {}).get("exec_data"))


def _launch_group(repository: Repository, path: str) -> dict[str, Any]:
    places = [("Google Colab", repository.colab(path)), ("Binder", repository.binder(path))]
    items = [{"text": f"Open in {name}", "url": url, "download": False} for name, url in places]
    return {"label": "Run this page", "icon": "fa-solid fa-rocket", "items": items}


def _copy_twin(app: Sphinx, path: str, pagename: str) -> None:
    source, target = Path(app.srcdir) / path, Path(app.outdir) / path
    if not source.is_file():
        message = "no notebook %s for this page; write it with `make notebooks`"
        LOGGER.warning(message, path, location=pagename, type="hnrc", subtype="twin")
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _records(app: Sphinx, context: dict[str, Any]) -> list[dict[str, Any]]:
    """Copy the records that the page's figures show, and link them."""
    items = []
    folder = Path(app.config.hnrc_records or shipped("runs"))
    for name in sorted(set(_RECORD.findall(context.get("body", "")))):
        for suffix in (".json", ".npz"):
            source = folder / (name + suffix)
            if source.is_file():
                target = Path(app.outdir) / RECORDS / source.name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
                items.append(
                    _download(f"Record {source.name}", context["pathto"](f"{RECORDS}/{source.name}", 1))
                )
    return items


def _download(text: str, url: str) -> dict[str, Any]:
    return {"text": text, "url": url, "download": True}
