import torch

from hnrc_lib.optim.flat_parameters import FlatParameters


def parameters():
    a = torch.arange(4.0).view(2, 2).requires_grad_()
    b, c = torch.tensor([9.0]), torch.tensor([4.0, 5.0]).requires_grad_()
    return a, b, c


def test_a_vector_goes_out_and_comes_back_and_what_stands_still_does_not_count():
    a, b, c = parameters()
    flat = FlatParameters([{"params": [a, b]}, {"params": [c]}])
    assert flat.vector().tolist() == [0, 1, 2, 3, 4, 5]
    assert (flat.places, flat.blocks()) == ([0, 2], [("0", 0, 4), ("1", 4, 6)])
    flat.assign(torch.arange(10.0, 16.0))
    assert a.tolist() == [[10, 11], [12, 13]]
    assert (b.tolist(), c.tolist()) == ([9], [14, 15])
    copy = flat.vector()
    copy.zero_()
    assert c.tolist() == [14, 15]
    whole = torch.arange(6.0)
    flat.split(whole)[1].add_(100)
    assert whole.tolist() == [0, 1, 2, 3, 104, 105]


def test_a_number_of_the_groups_is_a_vector_only_where_they_differ():
    a, b, c = parameters()
    flat = FlatParameters([{"params": [a]}, {"params": [b]}, {"params": [c]}])
    assert flat.per_entry([2.0, 7.0, 2.0]) == 2.0  # the middle group stands still
    assert flat.per_entry([2.0, 7.0, 3.0]).tolist() == [2, 2, 2, 2, 3, 3]
