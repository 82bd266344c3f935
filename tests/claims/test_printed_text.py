import numpy as np
import pytest
import torch

from hnrc_lib.claims.printed_text import PrintedProgram

PROGRAM = PrintedProgram(
    "a program",
    "import numpy as np\nimport torch\n\ndef f(x):\n    return 1 / x\n\na = np.random.rand()\n"
    "b = float(torch.rand(()))\nprint(a)\nc = f(a * zero)\n",
)


def numpy_state():
    state = np.random.get_state(legacy=False)  # noqa: NPY002
    return str(state["state"]["key"].tolist())


def test_an_error_is_returned_with_its_innermost_line():
    run = PROGRAM.run(bound={"zero": 0})
    assert run.line == 5
    assert run.message == "ZeroDivisionError: float division by zero"
    assert float(run.output) == run.names["a"]
    assert "c" not in run.names
    assert PROGRAM.run().message == "NameError: name 'zero' is not defined"


def test_lines_are_replaced_by_number():
    run = PROGRAM.run({10: "c = f(0.5)", 3: "d = 7"})
    assert (run.names["c"], run.names["d"], run.message, run.error, run.line) == (2.0, 7, "", None, None)
    assert PROGRAM.line(10) == "c = f(a * zero)"
    with pytest.raises(ValueError, match="number must lie in 1 to 10, got 11"):
        PROGRAM.run({11: "pass"})


def test_the_seed_decides_and_the_callers_generators_stay():
    before = numpy_state(), torch.get_rng_state()
    first, again, other = (PROGRAM.run({10: ""}, seed=seed).names for seed in (3, 3, 4))
    assert (first["a"], first["b"]) == (again["a"], again["b"])
    assert first["a"] != other["a"]
    assert first["b"] != other["b"]
    assert numpy_state() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])
