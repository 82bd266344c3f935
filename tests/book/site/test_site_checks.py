"""Each breach of the rules stops the build, with a message that says what to do; what keeps them passes."""

import base64
import json

import pytest

from hnrc_lib.book.site.check_media import WIDGET_VIEW
from tests.book.projects import build_project, notebook

PIXEL = base64.b64encode(
    base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
).decode()
FIGURE = (
    '<figure class="hnrc-figure" data-live="true"><div class="hnrc-renderings">'
    f'<img class="only-light" alt="A dot in the middle." src="data:image/png;base64,{PIXEL}"></div>'
    '<figcaption><span class="hnrc-see">One dot.</span>'
    ' <span class="hnrc-source">Computed on this page.</span></figcaption></figure>'
)
VIEW = f'<script type="{WIDGET_VIEW}">{json.dumps({"model_id": "0" * 32})}</script>'
PICTURE = f'<img class="hnrc-picture" alt="Two sliders." src="data:image/png;base64,{PIXEL}">'


def html(fragment):
    return f"# Title\n\n```{{raw}} html\n{fragment}\n```\n"


def problems(tmp_path, **pages):
    toctree = "\n".join(name for name in pages if name != "index")
    named = {"index.md": pages.get("index", f"# Root\n\n```{{toctree}}\n{toctree}\n```\n")}
    named |= {f"{name}.md": text for name, text in pages.items() if name != "index"}
    built = build_project(tmp_path, named)
    assert built.status == bool(built.warnings)
    return built.warnings


def shown_by_cell(tmp_path, *outputs):
    return build_project(
        tmp_path,
        {"index.ipynb": notebook(*outputs), "notebooks/index.ipynb": "{}"},
        exclude_patterns=["notebooks"],
    )


def test_a_page_that_keeps_the_rules_passes(tmp_path):
    text = """# Title

Mathematics $a_{1} + \\{b\\}$, `{eq}`, money 5$, and an {ref}`anchor <here>`.

(here)=
## Here

```
:::{note}
{cite}`x` $$
```
"""
    player = '<audio controls aria-label="A tone."></audio>'
    label = '<svg aria-label="A curve."></svg><svg aria-hidden="true"></svg>'
    assert problems(tmp_path, index=text + html(FIGURE + player + label).removeprefix("# Title")) == []


@pytest.mark.parametrize(
    ("fragment", "message"),
    [
        ('<img src="a.png">', "picture without alternative text"),
        ('<img src="a.png" alt="">', "picture without alternative text"),
        ('<img src="a.png" alt="  ">', "picture without alternative text"),
        ('<img src="a.png" alt="figures/a.png">', "alternative text must be words, got the file name"),
        ("<svg><path/></svg>", "drawing without aria-label or <title>"),
        ('<audio src="a.wav"></audio>', "audio without aria-label; show it with hnrc_lib.book.listen"),
        (f"<div>{VIEW}</div>", "widget without a picture and its words"),
        (f"<div>{VIEW}{PICTURE}</div>".replace("Two sliders.", ""), "widget without a picture and its words"),
        (FIGURE.replace(' data-live="true"', ""), "figure must be either live or recorded"),
        (FIGURE.replace("One dot.", "").replace("Computed on this page.", ""), "figure without a sentence"),
        (FIGURE.replace("data-live", 'data-record="x" data-live'), "figure must be either live or recorded"),
        (FIGURE.replace('data-live="true"', 'data-record="none"'), "record 'none', which does not load"),
    ],
)
def test_raw_html_is_checked(tmp_path, fragment, message):
    found = problems(tmp_path, index=html(fragment))
    assert any(message in line for line in found), found


def test_pictures_without_words_are_found_in_markdown(tmp_path):
    built = build_project(
        tmp_path,
        {"index.md": "# Title\n\n![](dot.png)\n\n![A dot.](dot.png)\n", "dot.png": ""},
    )
    assert len(built.warnings) == 1
    assert "picture without alternative text" in built.warnings[0] or "file name" in built.warnings[0]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("\\`\\`\\`{note}", "code fence"),
        ("\\:::{note}", "colon fence"),
        ("as {eq} \\`eq-a\\` says", "role"),
        ("{cite:p} here", "role"),
        ("text $$ text", "display mathematics"),
        ("a \\$\\\\lambda\\$ b", "inline mathematics"),
        ("[text] \\](other.md)", "link"),
        ("note \\[^1]", "footnote"),
        ("{{ name }}", "substitution"),
    ],
)
def test_raw_markup_is_found(tmp_path, text, kind):
    found = problems(tmp_path, index=f"# Title\n\nWords: {text}\n")
    assert any(line.startswith(f"{kind} left as raw text") for line in found), found


@pytest.mark.parametrize(
    "output",
    [
        {"image/png": PIXEL, "text/plain": "<Figure size 640x480 with 1 Axes>"},
        {"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg'><path d='M0 0'/></svg>"},
        {"text/html": f'<div><img alt="A dot." src="data:image/png;base64,{PIXEL}"></div>'},
    ],
)
def test_bare_pictures_of_cells_are_refused(tmp_path, output):
    built = shown_by_cell(tmp_path, output)
    assert built.status == 1
    assert any("show it with hnrc_lib.book.figure(draw, alt=…, see=…)" in line for line in built.warnings)


@pytest.mark.parametrize("output", [{"text/html": FIGURE}, {"text/html": f"<div>{PICTURE}{VIEW}</div>"}])
def test_figures_and_widgets_of_cells_pass(tmp_path, output):
    built = shown_by_cell(tmp_path, output)
    assert (built.status, built.warnings) == (0, [])


def test_every_page_is_checked_and_named(tmp_path):
    found = build_project(
        tmp_path,
        {
            "index.md": "# Root\n\n```{toctree}\nfirst\nsecond\n```\n",
            "first.md": html('<img src="a.png">'),
            "second.md": html('<img src="b.png">'),
        },
    )
    assert len(found.warnings) == 2
