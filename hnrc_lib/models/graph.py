"""A graph convolutional network over the time–frequency grid of a spectrogram, a classifier of words."""

import torch
from torch import Tensor, nn

from hnrc_lib._shapes import Float
from hnrc_lib.models.activation import activation_function, check_size, initialize


def grid_adjacency(num_frames: int, num_bands: int) -> Float[Tensor, "nodes nodes"]:
    """A node for each frame and band, tied to the next frame's, the last frame's, and the bands beside it.

    A[(t, f), (t′, f′)] = 1 where |t − t′| + |f − f′| = 1, else 0; node (t, f) has index t·num_bands + f.

    >>> grid_adjacency(1, 3)
    tensor([[0., 1., 0.],
            [1., 0., 1.],
            [0., 1., 0.]])
    """
    check_size("num_frames", num_frames)
    check_size("num_bands", num_bands)

    def line(size: int) -> Tensor:
        ones = torch.ones(size - 1)
        return torch.diag(ones, 1) + torch.diag(ones, -1)

    return torch.kron(line(num_frames), torch.eye(num_bands)) + torch.kron(
        torch.eye(num_frames), line(num_bands)
    )


def normalized_adjacency(adjacency: Float[Tensor, "nodes nodes"]) -> Float[Tensor, "nodes nodes"]:
    """The adjacency with self-loops, normalised on both sides: its largest eigenvalue is 1.

    Â = D^(−1/2) (A + I) D^(−1/2),  D = diag of the row sums of A + I

    Args:
        adjacency: A, symmetric, ≥ 0, with an empty diagonal.

    Raises:
        ValueError: A is not symmetric, has a negative entry, or has a self-loop already.

    >>> normalized_adjacency(torch.tensor([[0.0, 1.0], [1.0, 0.0]]))
    tensor([[0.5000, 0.5000],
            [0.5000, 0.5000]])

    Source: Kipf and Welling (2017).
    """
    if adjacency.shape[0] != adjacency.shape[1] or not torch.equal(adjacency, adjacency.mT):
        raise ValueError(f"adjacency must be symmetric, got shape {tuple(adjacency.shape)}")
    if bool((adjacency < 0).any()) or bool(adjacency.diagonal().any()):
        raise ValueError("adjacency must have no negative entry and an empty diagonal")
    looped = adjacency + torch.eye(len(adjacency), dtype=adjacency.dtype, device=adjacency.device)
    scale = looped.sum(dim=1).rsqrt()
    return scale[:, None] * looped * scale


class GraphConvolution(nn.Module):
    """One graph convolution: every node takes the weighted mean of its neighbours, then a linear map.

    Y = Â X W + b

    Args:
        inputs: values per node that come in, ≥ 1.
        outputs: values per node that go out, ≥ 1.
        activation: name of the activation that follows, for the size of the initial weights; None for none.
        generator: draws the initial weights; torch's default generator when None.

    >>> layer = GraphConvolution(1, 2, None, torch.Generator().manual_seed(0))
    >>> layer(torch.zeros(5, 3, 1), torch.eye(3)).shape
    torch.Size([5, 3, 2])

    Source: Kipf and Welling (2017).
    """

    def __init__(
        self, inputs: int, outputs: int, activation: str | None, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        self.linear = nn.utils.skip_init(nn.Linear, inputs, outputs)
        initialize(self.linear, activation, generator)

    def forward(
        self, values: Float[Tensor, "batch nodes inputs"], adjacency: Float[Tensor, "nodes nodes"]
    ) -> Float[Tensor, "batch nodes outputs"]:
        """Y of shape (N, nodes, outputs), for X of shape (N, nodes, inputs) and a normalised Â."""
        return self.linear(adjacency @ values)


class GraphNetwork(nn.Module):
    """Graph convolutions over a grid of frames and bands, then a linear map of all nodes.

    (N, T, F) → mean over blocks → a node each → [Â X W + b → φ]… → flatten → linear → (N, classes)

    The frames are first averaged in blocks of ``block`` frames by ``block`` bands, so that the grid is small
    enough for a dense Â. A graph convolution itself does not know where a node lies; the last map does.

    Args:
        num_features: F, a multiple of ``block``.
        num_frames: T, a multiple of ``block``.
        num_classes: outputs, ≥ 1.
        channels: values per node after each graph convolution, at least one.
        block: frames and bands averaged to one node, ≥ 1.
        activation: φ, ``"relu"``, ``"tanh"``, ``"gelu"`` or ``"softplus"``.
        generator: draws the initial weights; torch's default generator when None.

    Raises:
        ValueError: a size is out of range.

    >>> model = GraphNetwork(40, 32, 10, generator=torch.Generator().manual_seed(0))
    >>> model(torch.zeros(2, 32, 40)).shape
    torch.Size([2, 10])

    Source: Kipf and Welling (2017) for the layers.
    """

    adjacency: Tensor

    def __init__(
        self,
        num_features: int,
        num_frames: int,
        num_classes: int = 10,
        channels: tuple[int, ...] = (8, 8),
        block: int = 4,
        activation: str = "relu",
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        for name, size in (
            ("num_features", num_features),
            ("num_frames", num_frames),
            ("num_classes", num_classes),
            ("block", block),
            *(("channels", size) for size in channels),
        ):
            check_size(name, size)
        if not channels:
            raise ValueError(f"channels must name at least one graph convolution, got {channels!r}")
        for name, size in (("num_features", num_features), ("num_frames", num_frames)):
            if size % block:
                raise ValueError(f"{name} must be a multiple of block ({block}), got {size}")
        self.num_features, self.num_frames, self.block = num_features, num_frames, block
        self.activation = activation_function(activation)
        rows, columns = num_frames // block, num_features // block
        self.register_buffer(
            "adjacency", normalized_adjacency(grid_adjacency(rows, columns)), persistent=False
        )
        self.convolutions = nn.ModuleList(
            GraphConvolution(inputs, outputs, activation, generator)
            for inputs, outputs in zip((1, *channels), channels, strict=False)
        )
        self.output = nn.utils.skip_init(nn.Linear, rows * columns * channels[-1], num_classes)
        initialize(self.output, None, generator)

    def forward(self, features: Float[Tensor, "batch frames features"]) -> Float[Tensor, "batch classes"]:
        """Logits of each class.

        Args:
            features: shape (N, T, F).

        Raises:
            ValueError: T or F is not the model's.
        """
        if features.shape[1:] != (self.num_frames, self.num_features):
            expected = f"(N, {self.num_frames}, {self.num_features})"
            raise ValueError(f"features must have shape {expected}, got {tuple(features.shape)}")
        blocks = features.unflatten(2, (-1, self.block)).unflatten(1, (-1, self.block)).mean(dim=(2, 4))
        values = blocks.flatten(1).unsqueeze(2)
        for layer in self.convolutions:
            values = self.activation(layer(values, self.adjacency))
        return self.output(values.flatten(1))
