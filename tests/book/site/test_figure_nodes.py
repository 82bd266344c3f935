"""Figures that cells show are numbered with those of the text, and can be referred to from anywhere."""

from tests.book.projects import build_project, notebook


def shown(name="", see="Look here."):
    label = f' data-name="{name}"' if name else ""
    return {
        "text/html": f'<figure class="hnrc-figure" data-live="true"{label}><div class="hnrc-renderings">'
        '<img class="only-light" alt="A dot." src="x.png"></div><figcaption>'
        f'<span class="hnrc-see">{see}</span> <span class="hnrc-source">Computed on this page.</span>'
        "</figcaption></figure>"
    }


def built(tmp_path, text):
    pages = {
        "index.md": f"# Root\n\n```{{toctree}}\npage\n```\n\n{text}\n",
        "page.ipynb": notebook(shown(), shown("fig-named", "A <em>second</em> one.")),
        "notebooks/page.ipynb": "{}",
    }
    return build_project(tmp_path, pages, exclude_patterns=["notebooks"])


def test_numbers_and_labels(tmp_path):
    made = built(tmp_path, "See [](#fig-named), {numref}`fig-named` and [words](#fig-named).")
    assert made.warnings == []
    captions = [tag.get_text() for tag in made.page("page").select("figcaption .caption-number")]
    assert captions == ["Fig. 1 ", "Fig. 2 "]
    assert [tag["id"] for tag in made.page("page").select("figure.hnrc-figure")] == ["figure-1", "fig-named"]
    links = made.page().select('a[href="page.html#fig-named"]')
    assert [link.get_text() for link in links] == ["Fig. 2", "Fig. 2", "words"]


def test_same_page_reference(tmp_path):
    text = "# Title\n\nSee [](#fig-here).\n\n```{raw} html\n" + shown("fig-here")["text/html"] + "\n```\n"
    made = build_project(tmp_path, {"index.md": text})
    assert made.warnings == []
    assert [link.get_text() for link in made.page().select('p a[href="#fig-here"]')] == ["Fig. 1"]


def test_unknown_figures_stop_the_build(tmp_path):
    made = built(tmp_path, "See [](#fig-missing).")
    assert made.status == 1
    assert "fig-missing" in made.warnings[0]


def test_two_figures_of_one_name_stop_the_build(tmp_path):
    pages = {"index.ipynb": notebook(shown("fig-a"), shown("fig-a")), "notebooks/index.ipynb": "{}"}
    made = build_project(tmp_path, pages, exclude_patterns=["notebooks"])
    assert made.status == 1
    assert any("fig-a" in line for line in made.warnings)
