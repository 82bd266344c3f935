import pytest
import torch

from hnrc_lib.claims.s4_program import THRESHOLD, random_batches, run_loop
from hnrc_lib.claims.s4_source import PROGRAM


def batches(count, **options):
    return random_batches(count, torch.Generator().manual_seed(0), **options)


def test_the_program_is_quoted_to_its_last_line():
    assert len(PROGRAM.text.splitlines()) == 43
    assert PROGRAM.line(43) == "optimizer.step()"
    assert PROGRAM.line(27) == f"clip_threshold = {THRESHOLD:g}"
    assert PROGRAM.line(42) == ""  # room for a note of the norm


def test_as_printed_it_has_no_data():
    run = run_loop(None)
    assert (run.message, run.line) == ("NameError: name 'data_loader' is not defined", 34)


def test_a_loader_of_torch_gives_tuples_without_names():
    dataset = torch.utils.data.TensorDataset(torch.zeros(4, 5, 128), torch.zeros(4, dtype=torch.long))
    run = run_loop(torch.utils.data.DataLoader(dataset, batch_size=2))
    assert run.line == 36
    assert run.message in (
        f"AttributeError: '{kind}' object has no attribute 'x'" for kind in ("list", "tuple")
    )


def test_with_named_batches_it_runs_and_notes_the_norms_before_clipping():
    data = batches(3)
    run = run_loop(data, epochs=2)
    assert run.message == ""
    assert len(run.names["norms"]) == 6
    model = PROGRAM.run({33: "for epoch in range(0):"}, {"data_loader": []}).names["model"]
    torch.nn.functional.cross_entropy(model(data[0].x), data[0].y).backward()
    norm = torch.stack([value.grad.norm() for value in model.parameters()]).norm()
    assert run.names["norms"][0] == pytest.approx(float(norm), rel=1e-5)


def test_whether_clipping_at_5_ever_fires_depends_on_the_data():
    two = run_loop(batches(2, batch_size=32), epochs=15).names["norms"]
    fresh = run_loop(batches(30, batch_size=8)).names["norms"]
    assert sum(norm > THRESHOLD for norm in two) == 0
    assert sum(norm > THRESHOLD for norm in fresh) > 0
