import ast

import pytest
import torch

from hnrc_lib.claims import s2_printed
from hnrc_lib.claims.s0_defects import name_use
from hnrc_lib.claims.s0_printed import with_names
from hnrc_lib.claims.s2_source import PROGRAM


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def pair(count, generator, *shape):
    images = torch.randint(0, 256, (count, *shape), generator=generator, dtype=torch.uint8)
    return images, torch.randint(0, 10, (count,), generator=generator)


def test_the_program_is_quoted_to_its_last_line():
    assert len(PROGRAM.text.splitlines()) == 52
    assert PROGRAM.line(25) == "for (images, labels) in train_data:"
    ported = [node.name for node in ast.parse(PROGRAM.text).body if isinstance(node, ast.FunctionDef)]
    assert ported == ["cnn_model", "loss_and_optimizer", "train_cnn"]
    assert all(hasattr(s2_printed, name) for name in ported)


def test_nothing_in_it_is_a_second_derivative():
    calls = [node for node in ast.walk(ast.parse(PROGRAM.text)) if isinstance(node, ast.Call)]
    names = {ast.unparse(node.func) for node in calls}
    assert "tape.gradient" in names
    assert not any(word in name.lower() for name in names for word in ("hess", "jacobian", "inv", "jvp"))
    assert sum("gradient(" in PROGRAM.line(number) for number in range(1, 53)) == 1


def test_the_labels_that_it_is_given_are_not_read():
    use = name_use(PROGRAM.text, "train_cnn")
    assert "train_labels" in use.bound - use.read
    (call,) = [
        node
        for node in ast.walk(ast.parse(PROGRAM.text))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "train_cnn"
    ]
    assert "train_images" not in {ast.unparse(argument) for argument in call.args}  # the scaled ones


def test_a_pair_has_no_reshape(generator):
    sets = pair(4, generator, 28, 28), pair(2, generator, 28, 28)
    with pytest.raises(AttributeError, match="'tuple' object has no attribute 'reshape'"):
        with_names(s2_printed.main, load_data=lambda: sets)()  # pyright: ignore[reportArgumentType]


def test_without_a_channel_axis_the_network_refuses_the_images(generator):
    model = s2_printed.cnn_model((28, 28, 1))
    images, _ = pair(4, generator, 28, 28)
    with pytest.raises(RuntimeError, match=r"expected input.* to have 1 channels, but got 4 channels"):
        model(images.float())


def test_the_loop_trains_on_the_test_set_too(generator):
    seen = []

    def loss_fn(labels, logits):
        seen.append(len(labels))
        return s2_printed.sparse_categorical_crossentropy(labels, logits)

    model = s2_printed.cnn_model((22, 22, 1))
    sets = [(images.float() / 255, labels) for images, labels in (
        pair(6, generator, 1, 22, 22), pair(3, generator, 1, 22, 22)
    )]  # fmt: skip
    before = [value.detach().clone() for value in model.parameters()]
    _, optimizer = s2_printed.loss_and_optimizer()
    s2_printed.train_cnn(model, loss_fn, optimizer(model.parameters()), sets, None, epochs=2)
    assert seen == [6, 3, 6, 3]
    assert not all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_softmax_and_the_default_loss_belong_together(generator):
    scores = torch.randn(5, 10, generator=generator, dtype=torch.float64)
    labels = torch.randint(0, 10, (5,), generator=generator)
    loss_fn, _ = s2_printed.loss_and_optimizer()
    expected = torch.nn.functional.cross_entropy(scores, labels)
    assert float(loss_fn(labels, scores.softmax(1))) == pytest.approx(float(expected))
    assert float(loss_fn(labels[:1], torch.eye(10)[(labels[:1] + 1) % 10])) == pytest.approx(16.118, abs=1e-3)


def test_the_layers_are_those_printed():
    widths = [
        layer.out_channels for layer in s2_printed.cnn_model((28, 28, 1)) if hasattr(layer, "out_channels")
    ]
    assert widths == [32, 64, 64]
    model = s2_printed.cnn_model((28, 28, 1))
    assert model(torch.zeros(2, 1, 28, 28)).shape == (2, 10)
    # Keras' summary of this network: 320 + 18496 + 36928 + 36928 + 650.
    assert sum(value.numel() for value in model.parameters()) == 93322
