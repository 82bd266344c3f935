"""What outputs carry inside the page becomes files with the same bytes."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from hnrc_lib.book.site.embedded import extract


def uri(content, mime="image/png"):
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"


@given(content=st.binary(min_size=1500, max_size=4000))
def test_bytes_survive(content, tmp_path_factory):
    folder = tmp_path_factory.mktemp("media")
    page = extract(f'<img alt="x" src="{uri(content)}">', folder, "../_media/")
    (file,) = folder.iterdir()
    assert file.read_bytes() == content
    assert page == f'<img alt="x" src="../_media/{file.name}">'


def test_same_content_is_one_file(tmp_path):
    picture, sound = uri(b"p" * 3000, "image/svg+xml"), uri(b"s" * 3000, "audio/wav")
    extract(f'<img src="{picture}"><img src="{picture}"><audio src="{sound}">', tmp_path, "")
    assert sorted(file.suffix for file in tmp_path.iterdir()) == [".svg", ".wav"]


def test_small_and_unknown_content_stays(tmp_path):
    page = f'<img src="{uri(b"x")}"><img src="{uri(b"x" * 3000, "image/bmp")}"><img src="a.png">'
    assert extract(page, tmp_path, "") == page
    assert list(tmp_path.iterdir()) == []
