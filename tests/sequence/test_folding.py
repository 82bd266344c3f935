import pytest
import torch

from hnrc_lib.sequence.folding import apply_folded, fold, unfold


@pytest.mark.parametrize("in_dim", [0, 1, 2, 3])
@pytest.mark.parametrize("axis", [-1, -2, -3])
def test_unfold_takes_back_fold(in_dim, axis):
    tensor = torch.randn(2, 3, 4, 5)
    size = tensor.shape[in_dim]
    folded = fold(tensor, in_dim, size, axis)
    assert folded.dim() == 3
    assert torch.equal(unfold(folded, size, axis), tensor.movedim(in_dim, 0))


def test_an_unmapped_argument_is_repeated():
    tensor = torch.arange(6).view(2, 3)
    assert fold(tensor, None, 2, -1).tolist() == [[0, 1, 2, 0, 1, 2], [3, 4, 5, 3, 4, 5]]


def test_a_rule_is_the_function_slice_by_slice():
    def function(x, y, factor):
        return factor * x * y, x.sum(0)

    x, y = torch.randn(3, 4, 2), torch.randn(2)
    (product, total), out_dims = apply_folded(
        function, 4, (1, None, None), (x, y, 2.0), (-1, -1, None), (-1, -1)
    )
    assert out_dims == (0, 0)
    for i in range(4):
        assert torch.equal(product[i], 2.0 * x[:, i] * y)
        torch.testing.assert_close(total[i], x[:, i].sum(0))
