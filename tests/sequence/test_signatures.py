import inspect

import pytest

from hnrc_lib.sequence.ctc_functions import CTCLoss
from hnrc_lib.sequence.signatures import with_signature


def test_the_signature_is_kept_and_right():
    def add(x, y=2):
        return x + y

    expected = inspect.signature(add)
    assert with_signature(add) is add
    assert inspect.signature(add) is inspect.signature(add) == expected
    assert add(1) == 3
    with pytest.raises(TypeError):
        inspect.signature(add).bind(1, 2, 3)


def test_the_loss_has_it():
    assert inspect.signature(CTCLoss.forward) is inspect.signature(CTCLoss.forward)
