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
