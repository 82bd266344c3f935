"""Claims 4.9 and 4.10: the printed recurrent equations against torch's, and how far back they remember."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if

NUM_SYMBOLS, NUM_UNITS, NUM_STEPS, RATE, SEEDS = 4, 16, 250, 0.01, (0, 1)
SHORT, MIDDLE, LONG = 4, 24, 48
OPEN = 5.0


def elman() -> Numbers:
    """The printed DRNN against torch's, and the recall of a first symbol after few and many frames."""
    return {
        "difference": equations_apart("rnn"),
        "num_layers": 1,
        "short": SHORT,
        "long": LONG,
        "recalled_short": recalled("rnn", SHORT),
        "recalled_long": recalled("rnn", LONG),
        "chance": 1 / NUM_SYMBOLS,
        "num_steps": NUM_STEPS,
    }


def judge_elman(numbers: Numbers) -> Verdict:
    """The equations to rounding; nine tenths recalled after both delays, or after the short one alone."""
    if numbers["difference"] > 1e-12 or numbers["recalled_short"] < 0.9:
        return FAILS
    return HOLDS if numbers["recalled_long"] >= 0.9 else holds_if("the dependence spans few frames")


def gated() -> Numbers:
    """The printed LSTM against torch's, and recall after 24 frames by the start of its forget gate."""
    return {
        "difference": equations_apart("lstm"),
        "delay": MIDDLE,
        "gate": OPEN,
        "recalled_open": recalled("lstm", MIDDLE, forget=OPEN),
        "recalled_half": recalled("lstm", MIDDLE, forget=0.0),
        "recalled_elman": recalled("rnn", MIDDLE),
        "chance": 1 / NUM_SYMBOLS,
        "num_steps": NUM_STEPS,
    }


def judge_gated(numbers: Numbers) -> Verdict:
    """The equations to rounding; nine tenths recalled by either start of the gate, or by the open one."""
    if numbers["difference"] > 1e-12 or numbers["recalled_open"] < 0.9:
        return FAILS
    return HOLDS if numbers["recalled_half"] >= 0.9 else holds_if("the forget gate starts open")


def equations_apart(kind: str) -> float:
    """Largest difference between the printed equations, products entry by entry, and torch's layer."""
    generator = torch.Generator().manual_seed(0)
    layer = (nn.RNN if kind == "rnn" else nn.LSTM)(5, 4, batch_first=True).double()
    for parameter in layer.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator, dtype=torch.float64) / 2
    frames = torch.randn(1, 20, 5, generator=generator, dtype=torch.float64)
    own = dict(layer.named_parameters())
    w_x, w_h, b = own["weight_ih_l0"], own["weight_hh_l0"], own["bias_ih_l0"] + own["bias_hh_l0"]
    h, c, found = *torch.zeros(2, 4, dtype=torch.float64), []
    for x in frames[0]:
        z = w_x @ x + w_h @ h + b
        if kind == "rnn":
            h = z.tanh()
        else:
            i, f, g, o = z.chunk(4)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
        found.append(h)
    return float((torch.stack(found) - layer(frames)[0][0]).detach().abs().max())


def recalled(kind: str, delay: int, *, forget: float = 0.0) -> float:
    """Share of four symbols, seen at the first frame only, that is named after so many empty ones.

    Mean of two starts after 250 steps of Adam, 16 units.

    Args:
        kind: ``"rnn"`` or ``"lstm"``.
        delay: empty frames, ≥ 1.
        forget: added to the bias of an LSTM's forget gate at the start.
    """
    return sum(_recalled(kind, delay, forget, seed) for seed in SEEDS) / len(SEEDS)


def _recalled(kind: str, delay: int, forget: float, seed: int) -> float:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = (nn.RNN if kind == "rnn" else nn.LSTM)(NUM_SYMBOLS + 1, NUM_UNITS, batch_first=True)
        readout = nn.Linear(NUM_UNITS, NUM_SYMBOLS)
    if kind == "lstm":
        dict(net.named_parameters())["bias_ih_l0"].data[NUM_UNITS : 2 * NUM_UNITS] += forget
    frames = torch.zeros(NUM_SYMBOLS, delay + 1, NUM_SYMBOLS + 1)
    frames[:, 0, :NUM_SYMBOLS] = torch.eye(NUM_SYMBOLS)
    frames[:, 1:, NUM_SYMBOLS] = 1
    symbols = torch.arange(NUM_SYMBOLS)
    optimizer = torch.optim.Adam([*net.parameters(), *readout.parameters()], lr=RATE)

    def scores() -> Tensor:
        return readout(net(frames)[0][:, -1])

    for _ in range(NUM_STEPS):
        optimizer.zero_grad()
        F.cross_entropy(scores(), symbols).backward()
        optimizer.step()
    return float((scores().argmax(dim=1) == symbols).double().mean())


CLAIMS = (
    Claim(
        id="4.9",
        source="S4",
        section="§3.2.3",
        quote="深度递归神经网络（DRNN）是一种递归神经网络的变种，可以处理长期依赖关系。DRNN的数学模型公式为：",
        translation=(
            "The deep recurrent neural network (DRNN) is a variant of recurrent neural networks which can "
            "handle long-term dependencies. Its equations are:"
        ),
        predicate=(
            "Fails unless the printed equations equal torch's RNN to 10⁻¹² and the trained network recalls "
            "nine tenths of first symbols after four frames; then holds if the dependence spans few frames "
            "where it does not after 48; otherwise holds."
        ),
        evidence=elman,
        judge=judge_elman,
        sentences={
            "holds": (
                "The equations equal torch's RNN (difference {difference:.0e}); the network recalled "
                "{recalled_short:.0%} after {short:.0f} and {recalled_long:.0%} after {long:.0f} frames."
            ),
            "holds if": (
                "The equations equal torch's RNN of {num_layers:.0f} layer (difference {difference:.0e}). "
                "After {num_steps:.0f} steps of Adam the network recalled {recalled_short:.0%} of first "
                "symbols across {short:.0f} frames and {recalled_long:.0%} across {long:.0f} (chance "
                "{chance:.0%})."
            ),
            "fails": (
                "The equations differ from torch's RNN by {difference:.0e}; the network recalled "
                "{recalled_short:.0%} after {short:.0f} frames."
            ),
        },
        lead="The equations hold for one layer, which is not deep; the ability does not.",
        revised="The number of steps and the delays were settled after trial runs.",
    ),
    Claim(
        id="4.10",
        source="S4",
        section="§3.2.4",
        quote="长短期记忆网络（LSTM）是一种特殊的递归神经网络，可以处理长期依赖关系。LSTM的数学模型公式为：",
        translation=(
            "Long short-term memory (LSTM) is a special recurrent neural network which can handle long-term "
            "dependencies. Its equations are:"
        ),
        predicate=(
            "Fails unless the printed equations, products taken entry by entry, equal torch's LSTM to 10⁻¹² "
            "and a network whose forget gate starts open recalls nine tenths of first symbols after 24 "
            "frames; then holds if the forget gate starts open where one that starts half open does not; "
            "otherwise holds."
        ),
        evidence=gated,
        judge=judge_gated,
        sentences={
            "holds": (
                "The equations equal torch's LSTM (difference {difference:.0e}); it recalled "
                "{recalled_half:.0%} after {delay:.0f} frames, with an open gate {recalled_open:.0%}."
            ),
            "holds if": (
                "The equations, products entry by entry, equal torch's LSTM (difference {difference:.0e}). "
                "After {num_steps:.0f} steps it recalled {recalled_open:.0%} of first symbols across "
                "{delay:.0f} frames with {gate:g} added to the forget gate's bias at the start, and "
                "{recalled_half:.0%} without; the Elman network {recalled_elman:.0%} (chance {chance:.0%})."
            ),
            "fails": (
                "The equations differ from torch's LSTM by {difference:.0e}; with an open gate it recalled "
                "{recalled_open:.0%} after {delay:.0f} frames."
            ),
        },
        lead="The equations hold, products element-wise; the source calls c_t the hidden state.",
        revised="The number of steps, the delay and the open gate's bias were settled after trial runs.",
    ),
)
