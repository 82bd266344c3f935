"""The benchmarks' harness, their references, the recorded tables, and what a page shows of them."""

import json
import math
import re
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

from benchmarks import __main__ as command_line
from benchmarks import harness, memory, peers, problems, reference, results, spectra, tables
from benchmarks.harness import OURS, Bar, Case, Outcome, Row, Settings, measure
from benchmarks.tables import correctness, ctc, eigenpairs, ggn, gpu, landscape, spectrum, trace
from hnrc_lib.book import benchmarks as page
from hnrc_lib.paths import shipped

ROOT = Path(__file__).resolve().parents[1]
RECORDED = shipped("benchmarks")
QUICK = Settings(rounds=3, min_seconds=0.0)


class Clock:
    """Time that passes only when a row says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[str] = []

    def weighed(self, prepare) -> memory.Weighed:
        run, before = prepare(), self.now
        value = run()
        return memory.Weighed(run, value, self.now - before, 1, 1)

    def row(self, name: str, seconds: float, **options) -> Row:
        def run() -> str:
            self.calls.append(name)
            self.now += seconds
            return name

        return Row(name, options.pop("provider", "torch"), lambda: run, **options)


@pytest.fixture
def clock(monkeypatch) -> Clock:
    made = Clock()
    monkeypatch.setitem(harness.CLOCKS, "cpu", lambda: made.now)
    monkeypatch.setattr(harness, "weighed", made.weighed)
    return made


def raising(error: Exception):
    def run():
        raise error

    return lambda: run


def test_ratios_are_per_piece_of_work_and_to_the_first_row(clock):
    rows = (clock.row("base", 0.5), clock.row("eight", 6.0, units=8.0, bars=(Bar(1.6), Bar(1.4))))
    measured = measure(Case("case", rows), QUICK)
    base, eight = measured["rows"]
    assert (base["ratio"], base["milliseconds"]) == (1.0, 500.0)
    assert eight["ratio"] == 1.5
    assert eight["quartiles"] == [1.5, 1.5]
    assert [bar["met"] for bar in eight["bars"]] == [True, False]


def test_every_round_starts_with_another_row(clock):
    rows = tuple(clock.row(name, 2.0) for name in "abc")
    assert measure(Case("case", rows, seconds=18.0), Settings(rounds=9, min_seconds=0.0))["rounds"] == 3
    assert "".join(clock.calls) == "abc" + "abcbcacab"  # judged once, then three rounds


@pytest.mark.parametrize(("most", "seconds", "expected"), [(25, 60.0, 10), (4, 60.0, 4), (25, 1.0, 3)])
def test_rounds_fit_the_time_given(clock, most, seconds, expected):
    rows = (clock.row("a", 2.0), clock.row("b", 4.0))
    measured = measure(Case("case", rows, seconds=seconds), Settings(rounds=most, min_seconds=0.0))
    assert measured["rounds"] == expected


def test_short_rows_are_repeated_until_a_sample_is_long_enough(clock):
    measured = measure(Case("case", (clock.row("a", 0.25),)), Settings(rounds=1, min_seconds=1.0))
    assert len(clock.calls) == 2 + 4  # judged, tried for its length, one sample
    assert measured["rows"][0]["milliseconds"] == 250.0


def test_medians_and_quartiles_are_of_the_rounds():
    outcome = Outcome("row", OURS)
    harness.record_time(outcome, [2.0, 4.0, 30.0], [1.0, 2.0, 3.0], 1.0)
    assert outcome.ratio == 2.0  # of medians
    assert outcome.quartiles == [2.0, 6.0]  # of the ratios 2, 2, 10


def test_a_row_that_raises_says_so_and_is_not_timed(clock):
    failing = Row("peer", "curvlinops", raising(RuntimeError("no derivative\nlong story")), bars=(Bar(1.0),))
    measured = measure(Case("case", (clock.row("base", 1.0), failing)), QUICK)["rows"][1]
    assert measured["status"] == "fails"
    assert measured["note"] == "fails: RuntimeError: no derivative"
    assert measured["ratio"] is None
    assert measured["bars"][0]["met"] is False


def test_a_row_whose_peer_is_absent_is_not_run(clock):
    def prepare():
        import no_such_peer

        return no_such_peer

    rows = (clock.row("base", 1.0), Row("row", "peer", prepare, bars=(Bar(1.0),)))
    measured = measure(Case("case", rows), QUICK)["rows"][1]
    assert measured["status"] == "not run"
    assert "no_such_peer" in measured["note"]
    assert measured["bars"][0]["met"] is None


def test_a_wrong_row_is_timed_and_misses_its_bar(clock):
    wrong = clock.row("wrong", 1.0, judge=lambda _: 0.96, bars=(Bar(5.0),))
    right = clock.row("right", 1.0, judge=lambda _: 1e-7, bars=(Bar(5.0), Bar(1e-6, "relative error")))
    measured = measure(Case("case", (clock.row("base", 1.0), wrong, right)), QUICK)["rows"]
    assert measured[1]["note"] == "wrong: relative error 9.6e-01"
    assert measured[1]["ratio"] == 1.0
    assert [bar["met"] for bar in measured[1]["bars"]] == [False]
    assert measured[2]["status"] == "measured"
    assert [bar["met"] for bar in measured[2]["bars"]] == [True, True]


@pytest.mark.parametrize("error", [math.nan, math.inf])
def test_an_error_that_is_no_number_is_wrong(clock, error):
    row = clock.row("row", 1.0, judge=lambda _: error)
    measured = measure(Case("case", (row,), timed=False), QUICK)["rows"][0]
    assert measured["status"] == "wrong"
    json.dumps(measured, allow_nan=False)


def test_a_refusal_is_right_where_it_is_expected_and_nowhere_else():
    rows = (
        Row("dropout", OURS, raising(ValueError("dropout is on")), refusal=(ValueError,)),
        Row("dropout", "peer", raising(ValueError("dropout is on"))),
    )
    measured = measure(Case("case", rows, timed=False), QUICK)["rows"]
    assert [row["status"] for row in measured] == ["refuses", "fails"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="a card is there")
def test_rows_for_a_card_are_not_run_without_one():
    rows = (Row("base", "torch", raising(AssertionError()), cuda=True, bars=(Bar(8.0),)),)
    measured = measure(Case("case", rows), QUICK)
    assert measured["rows"][0]["note"] == "not run: no CUDA card"
    assert measured["rows"][0]["bars"][0]["met"] is None
    assert results.machine()["card"] == "none"


def test_the_best_right_peer_sets_an_open_bar(clock):
    rows = (
        clock.row("base", 1.0),
        clock.row("torch is no peer", 0.1),
        clock.row("right", 3.0, provider="A"),
        clock.row("better", 2.0, provider="B"),
        clock.row("wrong", 0.5, provider="C", judge=lambda _: 1.0),
        clock.row("ours", 2.5, provider=OURS, bars=(Bar(None), Bar(None, at_least=True))),
    )
    bars = measure(Case("case", rows), QUICK)["rows"][-1]["bars"]
    assert [(bar["limit"], bar["met"]) for bar in bars] == [(2.0, False), (3.0, False)]


def test_a_case_whose_base_fails_is_an_error():
    with pytest.raises(ValueError, match=r"base row of 'case' must run: fails: RuntimeError: broken"):
        measure(Case("case", (Row("base", "torch", raising(RuntimeError("broken"))),)), QUICK)


def test_memory_is_the_largest_sum_held_at_once():
    size = 1_000_000

    def one_after_the_other():
        for _ in range(4):
            torch.ones(size)

    def at_once():
        return [torch.ones(size) for _ in range(4)]

    assert memory.allocated_peak(lambda: one_after_the_other) == 4 * size
    assert memory.allocated_peak(lambda: at_once) == 16 * size


def test_memory_counts_what_is_kept_between_calls():
    def prepare():
        kept = torch.ones(1_000_000)
        return lambda: kept.sum()

    assert memory.allocated_peak(prepare) >= 4_000_000


def test_resident_memory_sees_a_large_peak_that_is_gone_at_the_end():
    def run() -> float:
        return float(torch.ones(25_000_000).sum())

    grown = memory.resident_peak(lambda: run)
    if grown is None:
        pytest.skip("this system does not tell the peak of resident memory")
    assert 90e6 < grown < 150e6


def test_long_rows_are_weighed_by_resident_memory_against_that_of_the_base(monkeypatch):
    short = memory.weighed(lambda: lambda: torch.ones(100_000))
    assert short.allocated == 400_000
    monkeypatch.setattr(memory, "LONG", -1.0)
    long = memory.weighed(lambda: lambda: torch.ones(100_000))
    assert long.allocated is None
    assert short._replace(allocated=800_000).memory_over(short) == 2
    assert long._replace(resident=900).memory_over(short._replace(resident=300)) == 3
    assert long._replace(resident=None).memory_over(short) is None


def small_table(rows: tuple[Row, ...]) -> tables.Table:
    return tables.Table("small", "Small", "A table.", lambda quick: iter([Case("case", rows)]))


@pytest.fixture
def written(clock, tmp_path) -> Path:
    rows = (
        clock.row("base", 1.0),
        clock.row("row", 1.23456789, provider=OURS, bars=(Bar(1.0),), figures=lambda _: {"W₁": 0.5}),
    )
    result = results.run_table(small_table(rows), QUICK, scale="full", command="python -m benchmarks small")
    return results.write(result, tmp_path)


def test_a_table_is_written_whole_and_says_where_it_comes_from(written):
    assert [path.name for path in written.parent.iterdir()] == ["small.json"]
    content = json.loads(written.read_text("utf-8"))
    assert set(page.PROVENANCE) <= set(content)
    assert content["versions"]["torch"] == version("torch")
    assert content["threads"] == torch.get_num_threads()
    assert content["machine"]["processor"]
    assert content["cases"][0]["rows"][1]["ratio"] == 1.235


def test_a_failed_write_leaves_the_former_table(written):
    former = written.read_text("utf-8")
    with pytest.raises(ValueError, match="JSON compliant"):
        results.write({"name": "small", "value": math.nan}, written.parent)
    assert written.read_text("utf-8") == former


def test_the_command_line_names_the_tables(capsys):
    with pytest.raises(SystemExit):
        command_line.main(["no_such_table"])
    assert "'no_such_table'" in capsys.readouterr().err


def test_quick_runs_leave_the_records_alone(clock, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(command_line, "TABLES", {"small": small_table((clock.row("base", 1.0),))})
    monkeypatch.setattr(command_line, "RESULTS", tmp_path)
    command_line.main(["--quick"])
    assert list(tmp_path.iterdir()) == []
    assert "base" in capsys.readouterr().out
    command_line.main(["--rounds", "1"])
    assert json.loads((tmp_path / "small.json").read_text("utf-8"))["scale"] == "full"


# ---- references and problems ----


@pytest.mark.parametrize("name", [name for name in correctness.LAYERS if name != correctness.DROPOUT])
def test_the_plain_function_is_that_of_the_stock_layer(name):
    given = correctness.problem(name, torch.float64)
    plain = correctness.LAYERS[name].plain(given.params, given.inputs, given.targets)
    torch.testing.assert_close(plain, given.loss(given.params), rtol=1e-12, atol=0)


def test_the_plain_dropout_is_the_mean_over_draws():
    given = correctness.problem(correctness.DROPOUT, torch.float64)
    exact = correctness.LAYERS[correctness.DROPOUT].plain(given.params, given.inputs, given.targets)
    torch.manual_seed(0)
    draws = torch.stack([given.loss(given.params) for _ in range(4000)])
    assert abs(draws.mean() - exact) < 4 * draws.std() / len(draws) ** 0.5
    assert draws.std() > 0.01


def test_the_dense_hessian_is_exact():
    x = torch.tensor([0.3, -0.7, 1.1], dtype=torch.float64)
    found = reference.dense_hessian(lambda p: (p["x"] ** 3).sum() + p["x"][0] * p["x"][2], {"x": x})
    exact = torch.diag(6 * x)
    exact[0, 2] = exact[2, 0] = 1
    torch.testing.assert_close(found, exact)


@pytest.mark.parametrize("name", ["small mlp", "rnn"])
def test_problems_give_vectors_in_the_order_of_the_parameters(name):
    given = problems.problem(name)
    vector = torch.randn(given.size)
    assert torch.equal(problems.flat(given.split(vector)), vector)
    assert list(given.named(vector)) == [parameter for parameter, _ in given.model.named_parameters()]
    gradient = torch.func.grad(given.loss)(given.params)
    torch.testing.assert_close(problems.flat(given.gradient()), problems.flat(list(gradient.values())))


def test_torch_products_agree_with_the_dense_hessian():
    given = problems.problem("small mlp")
    vector = torch.randn(given.size)
    double = spectra.in_float64(given)
    step, exact = 1e-5, peers.torch_product(double)(vector.double())
    moved = [
        problems.flat(
            list(
                torch.func.grad(double.loss)(
                    {
                        name: value + sign * step * double.named(vector.double())[name]
                        for name, value in double.params.items()
                    }
                ).values()
            )
        )
        for sign in (1, -1)
    ]
    assert problems.relative_error((moved[0] - moved[1]) / (2 * step), exact) < 1e-6
    assert problems.relative_error(peers.torch_kept_product(given)(vector), exact) < 1e-5


def test_ghost_copies_and_large_residuals_are_errors():
    given = problems.problem("small mlp")
    exact = eigenpairs.Exact(given)
    found = eigenpairs.our_pairs(given)()
    assert exact.error(found) < 1.05e-3
    ghost = eigenpairs.Pairs(found.values[[0, 0, 1, 2, 3]], found.vectors[:, [0, 0, 1, 2, 3]])
    assert exact.error(ghost) > 1e-2
    turned = eigenpairs.Pairs(found.values, found.vectors.roll(1, 1))
    assert exact.error(turned) > 1e-2


def test_a_peers_quadrature_is_measured_like_ours():
    given = problems.problem("small mlp")
    density = spectrum.quadrature([[0.0, 1.0]], [[0.5, 0.5]], given)
    eigenvalues = torch.cat([torch.zeros(given.size // 2), torch.full((given.size // 2,), 2.0)])
    assert density.wasserstein_distance(eigenvalues) == pytest.approx(0.5)


def test_a_spectrum_of_another_problem_is_refused():
    with pytest.raises(ValueError, match=r"spectrum of 'mlp' must have vᵀHv = .*make it again"):
        spectra.exact_spectrum("mlp", problems.problem("mlp"))


def test_the_stored_spectrum_has_the_trace_and_the_product_of_its_problem():
    given = spectra.trained("mlp")
    eigenvalues = spectra.exact_spectrum("mlp", given)
    assert len(eigenvalues) == given.size
    density = spectrum.our_density(given, 2, 30)()
    mean, error = density.expectation(torch.square)
    assert abs(mean - float((eigenvalues**2).mean())) < 5 * error + 1e-6


@pytest.mark.parametrize("jumping", [False, True])
def test_the_plain_ctc_loss_is_torchs(jumping):
    batch = ctc.Batch(12, 3, 5, 4)
    if jumping:  # no repeated labels, so that every blank may be left out
        batch.targets = torch.tensor([[1, 2, 3, 4], [4, 3, 2, 1], [2, 4, 1, 3]])
    logits = batch.logits.double().requires_grad_()
    ours = ctc.plain_loss(logits, *batch.rest)
    theirs = torch.nn.functional.ctc_loss(logits.log_softmax(-1), *batch.rest)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=0)
    mine, exact = (torch.autograd.grad(loss, logits)[0] for loss in (ours, theirs))
    torch.testing.assert_close(mine, exact, rtol=1e-9, atol=1e-12)


def test_the_plain_gauss_newton_product_is_that_of_the_jacobian():
    given = spectra.in_float64(correctness.problem("LayerNorm", torch.float32))
    vector = torch.randn(given.size, dtype=torch.float64)

    def outputs(params):
        return torch.func.functional_call(given.model, params, (given.inputs,))

    jacobian = torch.cat([j.flatten(2) for j in torch.func.jacrev(outputs)(given.params).values()], dim=2)
    loss = torch.func.hessian(lambda z: given.criterion(z, given.targets))(outputs(given.params))
    expected = torch.einsum("ncp,ncmd,mdq,q->p", jacobian, loss, jacobian, vector)
    torch.testing.assert_close(ggn.exact_product(given, vector), expected)


def test_the_trace_of_the_references_agrees_for_a_relu_network():
    given = correctness.problem("ReLU CNN", torch.float32)
    dense = float(correctness.exact_hessian("ReLU CNN").trace())
    assert trace.gauss_newton_trace(given) == pytest.approx(dense, rel=1e-6)


def test_a_plane_is_compared_with_the_loss_at_its_points():
    cut = landscape.Slice(correctness.problem("LayerNorm", torch.float32), 5)
    full = cut.full()
    assert cut.error(full) < 1e-5
    wrong = type(full)(full.alpha, full.beta, full.values.mT)
    assert cut.error(wrong) > 1e-2


# ---- what is pinned, recorded and shown ----


def test_peers_are_pinned_and_none_brings_torch():
    lines = (ROOT / "benchmarks/requirements.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9-]+==[0-9a-z.]+", line) for line in pins)
    names = {line.partition("==")[0] for line in pins}
    assert set(peers.PACKAGES.values()) <= names
    assert not {"torch", "torchvision", "numpy", "scipy"} & names
    assert "--no-deps --requirement benchmarks/requirements.txt" in (ROOT / "Makefile").read_text("utf-8")
    assert ".venv-bench/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()


# ---- rows for a card, on the CPU in small ----


@pytest.mark.parametrize(
    "case",
    [
        gpu.recurrent_case("LSTM", 2, "cpu", batch=2, frames=3, hidden=4),
        gpu.recurrent_case("RNN", 1, "cpu", batch=2, frames=3, hidden=4),
        gpu.ctc_case("cpu", (8, 2, 5, 3)),
    ],
    ids=lambda case: case.title,
)
def test_rows_for_a_card_compute_what_they_say(case):
    values = [row.prepare()() for row in case.rows]
    if case.title.startswith("CTC"):
        assert values[1].shape == values[0].shape
        return
    torch.testing.assert_close(values[2], values[1], rtol=1e-4, atol=1e-6)
    if len(values) == 4:
        torch.testing.assert_close(values[3][:, 0], values[1], rtol=1e-4, atol=1e-6)


def test_landscape_and_density_for_a_card_run():
    assert gpu.landscape_case("cpu", "mlp", points=3, at_once=4).rows[1].prepare()().values.shape == (3, 3)
    assert gpu.density_case("cpu", 1, 2).rows[1].prepare()().nodes.shape == (1, 2)
