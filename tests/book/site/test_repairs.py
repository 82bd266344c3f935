"""Third-party markup is mended, the author's is left alone."""

from hnrc_lib.book.site.repairs import repair


def test_pictures_load_late_unless_the_author_says():
    page = '<img alt="a" src="a.png"><img loading="eager" src="b.png"><img alt="loading=" src="c.png">'
    assert repair(page).startswith(
        '<img loading="lazy" alt="a" src="a.png"><img loading="eager" src="b.png">'
    )


def test_other_markup_is_untouched():
    page = '<figure><audio aria-label="x"></audio></figure><p role="note">imgage</p>'
    assert repair(page) == page


def test_lines_of_a_signature_are_no_list_and_other_lists_stay():
    page = '<dt class="sig sig-object py" id="f">f(<dl>\n<dd>a,</dd>\n</dl>)</dt><dd><dl><dt>b</dt></dl></dd>'
    lines = '<span class="hnrc-lines">\n<span>a,</span>\n</span>'
    assert repair(page) == f'<dt class="sig sig-object py" id="f">f({lines})</dt><dd><dl><dt>b</dt></dl></dd>'
