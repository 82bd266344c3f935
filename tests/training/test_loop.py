import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional

from hnrc_lib.models import CNN, MLP
from hnrc_lib.training import TrainingConfig, evaluate, train


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def blobs(num_examples=120, num_classes=3, seed=0):
    """Classes around distant centres: easy, but not learnt by chance."""
    generator = seeded(seed)
    centres = 3 * torch.eye(num_classes, 4)
    labels = torch.arange(num_examples) % num_classes
    return centres[labels] + 0.5 * torch.randn(num_examples, 4, generator=generator), labels


def test_it_learns_and_its_curves_are_those_of_the_model():
    model = MLP(4, 3, generator=seeded())
    untrained = evaluate(model, blobs(seed=1))
    history = train(model, blobs(), blobs(seed=1), TrainingConfig(learning_rate=0.02, max_epochs=15))
    trained = evaluate(model, blobs(seed=1))
    assert untrained.accuracy < 0.6
    assert trained.accuracy > 0.98
    assert len(history.epochs) == 15
    assert not history.stopped_early
    losses = history.curve("validation_loss")
    assert history.best_epoch == 1 + losses.index(min(losses))
    assert trained.loss == min(losses)
    assert [report.is_best for report in history.epochs] == [
        loss < min(losses[:index], default=math.inf) for index, loss in enumerate(losses)
    ]
    assert not model.training


def test_one_step_is_that_of_the_optimiser_by_hand():
    data = blobs(num_examples=12)
    model, twin = MLP(4, 3, generator=seeded()), MLP(4, 3, generator=seeded())
    config = TrainingConfig(learning_rate=0.01, weight_decay=0.1, batch_size=12, max_epochs=1)
    history = train(model, data, data, config)
    optimizer = torch.optim.AdamW(twin.parameters(), lr=0.01, weight_decay=0.1)
    loss = functional.cross_entropy(twin(data[0]), data[1])
    loss.backward()
    optimizer.step()
    assert history.epochs[0].train_loss == pytest.approx(loss.item(), rel=1e-5)
    for ours, by_hand in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(ours, by_hand)


def test_every_example_is_seen_once_an_epoch_in_another_order():
    seen = []
    model = nn.Linear(1, 2)
    features = torch.arange(7.0).unsqueeze(1)

    def remember(batch, generator):
        seen.append(batch.flatten().tolist())
        return batch

    data = (features, torch.zeros(7, dtype=torch.int64))
    train(model, data, data, TrainingConfig(batch_size=3, max_epochs=2), augment=remember)
    assert [len(batch) for batch in seen] == [3, 3, 1, 3, 3, 1]
    first, second = ([value for batch in epoch for value in batch] for epoch in (seen[:3], seen[3:]))
    assert sorted(first) == sorted(second) == features.flatten().tolist()
    assert first != second


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_the_same_seed_gives_the_same_losses_to_the_bit(schedule):
    config = TrainingConfig(batch_size=16, max_epochs=3, seed=5, schedule=schedule)
    data = torch.randn(48, 18, 18, generator=seeded()), torch.arange(48) % 10

    def losses(config):
        model = CNN(18, 18, channels=(4, 4, 4), hidden=8, generator=seeded())
        history = train(
            model, data, data, config, augment=lambda x, g: x + 0.1 * torch.randn(x.shape, generator=g)
        )
        return history.curve("train_loss") + history.curve("validation_loss")

    first = losses(config)
    torch.manual_seed(99)
    assert losses(config) == first
    assert losses(replace(config, seed=6)) != first


def test_the_global_generator_is_left_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    train(MLP(4, 3, generator=seeded()), blobs(), blobs(), TrainingConfig(max_epochs=1))
    assert torch.equal(torch.rand(3), expected)


def test_patience_stops_and_the_best_weights_come_back():
    # The validation labels are wrong, so every epoch of learning makes validation worse.
    features, labels = blobs()
    model = MLP(4, 3, generator=seeded())
    config = TrainingConfig(learning_rate=0.02, max_epochs=50, patience=3)
    history = train(model, (features, labels), (features, (labels + 1) % 3), config)
    assert history.stopped_early
    assert len(history.epochs) == history.best_epoch + 3 < 50
    found = evaluate(model, (features, (labels + 1) % 3)).loss
    assert found == history.epochs[history.best_epoch - 1].validation_loss
    assert found < history.epochs[-1].validation_loss


def test_the_average_of_the_last_weights_is_kept_if_asked_for():
    weights = []
    model = nn.Sequential(MLP(4, 3, generator=seeded()), nn.BatchNorm1d(3))
    config = TrainingConfig(learning_rate=0.02, max_epochs=5, average_last=3)

    def remember(report):
        weights.append({name: value.clone() for name, value in model.state_dict().items()})

    train(model, blobs(), blobs(), config, progress=remember)
    for name, value in model.state_dict().items():
        last = torch.stack([epoch[name] for epoch in weights[-3:]])
        if value.is_floating_point():
            torch.testing.assert_close(value, last.mean(dim=0))
            assert not torch.equal(value, last[-1])
        else:
            assert torch.equal(value, last[-1])


def test_a_given_optimiser_is_used():
    data = blobs()
    model = MLP(4, 3, generator=seeded())
    before = [p.clone() for p in model.parameters()]
    idle = torch.optim.SGD(model.parameters(), lr=0.0)
    train(model, data, data, TrainingConfig(max_epochs=2), optimizer=idle)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_cosine_warms_up_and_ends_near_zero():
    rates = []
    model = MLP(4, 3, generator=seeded())
    optimizer = torch.optim.SGD(model.parameters(), lr=2.0)

    def remember(batch, generator):
        rates.append(optimizer.param_groups[0]["lr"])
        return batch

    config = TrainingConfig(batch_size=12, max_epochs=4, schedule="cosine")
    train(model, blobs(), blobs(), config, optimizer=optimizer, augment=remember)
    assert len(rates) == 40
    assert rates[:4] == pytest.approx([0.5, 1.0, 1.5, 2.0])
    expected = [1 + math.cos(math.pi * (step - 4) / 36) for step in range(4, 40)]
    assert rates[4:] == pytest.approx(expected)


def test_progress_hears_of_every_epoch():
    heard = []
    history = train(
        MLP(4, 3, generator=seeded()), blobs(), blobs(), TrainingConfig(max_epochs=3), progress=heard.append
    )
    assert tuple(heard) == history.epochs
    assert [report.epoch for report in heard] == [1, 2, 3]
    assert heard[-1].remaining_seconds == 0
    assert heard[0].remaining_seconds == pytest.approx(2 * heard[0].seconds)


def test_a_loss_that_is_not_finite_is_an_error_that_names_epoch_and_batch():
    calls = []

    def poison(batch, generator):
        calls.append(None)
        return batch * (math.nan if len(calls) == 6 else 1)

    with pytest.raises(FloatingPointError, match="loss must be finite, got nan in epoch 2, batch 2"):
        train(
            MLP(4, 3, generator=seeded()),
            blobs(),
            blobs(),
            TrainingConfig(batch_size=32, max_epochs=3),
            augment=poison,
        )


def test_divergence_seen_only_in_validation_is_an_error():
    data = blobs()
    model = MLP(4, 3, generator=seeded())
    huge = torch.optim.SGD(model.parameters(), lr=1e38)
    with pytest.raises(FloatingPointError, match=r"validation loss must be finite, got .* after epoch 1"):
        train(model, data, data, TrainingConfig(batch_size=120, max_epochs=2), optimizer=huge)


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (
            (torch.zeros(3, 4), torch.zeros(2, dtype=torch.int64)),
            ValueError,
            r"train_data must have shapes \(N, …\) and \(N,\) with N > 0, got \(3, 4\) and \(2,\)",
        ),
        ((torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64)), ValueError, "with N > 0"),
        ((torch.zeros(3, 4), torch.zeros(3)), TypeError, "train_data must be floating point and int64"),
        (
            (torch.tensor([[0.0] * 4, [math.nan] * 4]), torch.zeros(2, dtype=torch.int64)),
            ValueError,
            "features of train_data must be finite, example 1 is not",
        ),
    ],
)
def test_data_that_do_not_belong_together_are_refused(data, error, message):
    with pytest.raises(error, match=message):
        train(MLP(4, 3), data, blobs(), TrainingConfig())


def test_validation_data_are_checked_before_training_starts():
    steps = []
    with pytest.raises(ValueError, match="validation_data must have shapes"):
        train(
            MLP(4, 3),
            blobs(),
            (torch.zeros(3, 4), torch.zeros(2, dtype=torch.int64)),
            TrainingConfig(),
            progress=steps.append,
        )
    assert not steps


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA card")
def test_it_learns_on_a_card():
    model = MLP(4, 3, generator=seeded())
    train(model, blobs(), blobs(), TrainingConfig(learning_rate=0.02, max_epochs=15, device="cuda"))
    assert next(model.parameters()).is_cuda
    assert evaluate(model, blobs(seed=1)).accuracy > 0.98
