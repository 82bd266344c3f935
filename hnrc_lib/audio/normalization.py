"""Mean and variance normalisation of each utterance."""

import torch
from torch import Tensor

from hnrc_lib._shapes import Float, Int
from hnrc_lib.audio._checks import check_array, check_lengths
from hnrc_lib.audio.masking import length_mask


def normalize_mean_variance(
    features: Float[Tensor, "*batch frames features"],
    *,
    variance: bool = True,
    floor: float = 1e-5,
    lengths: Int[Tensor, "*batch"] | None = None,
) -> Float[Tensor, "*batch frames features"]:
    """Give every feature of every utterance zero mean and unit variance over its frames.

    y[t] = (c[t] − μ) / max(σ, floor),  μ = mean of c, σ² = mean of (c − μ)² over the utterance's frames

    Subtracting the mean of log or cepstral features removes a fixed channel: a filter multiplies the
    spectrum, so it adds to the logarithm. Constant features (silence) become exactly 0.

    Args:
        features: c, shape (..., N, F).
        variance: whether to divide by σ too.
        floor: least σ, > 0, in feature units, below which a feature counts as constant.
        lengths: N of each utterance, shape (...), in frames; N when left out.

    Returns:
        y, shape (..., N, F); zero past each length.

    Raises:
        TypeError, ValueError: ``features`` is not floating or is empty, ``floor`` is not positive, or
            ``lengths`` do not fit.

    >>> normalize_mean_variance(torch.tensor([[1.0, 7.0], [3.0, 7.0]]))
    tensor([[-1.,  0.],
            [ 1.,  0.]])

    Source: Atal (1974) for the mean; Viikki and Laurila (1998) for mean and variance by utterance.
    """
    check_array("features", features, axes=2)
    if floor <= 0:
        raise ValueError(f"floor must be positive, got {floor}")
    size = features.shape[-2]
    if lengths is None:
        lengths = torch.full(features.shape[:-2], size)
    else:
        check_lengths(lengths, batch=features.shape[:-2], longest=size)
    inside = length_mask(lengths.to(features.device), size).unsqueeze(-1)
    count = inside.sum(dim=-2, keepdim=True)
    # Counting from the first frame leaves a constant feature exactly 0, whatever the mean's rounding.
    shifted = torch.where(inside, features - features[..., :1, :].detach(), 0)
    centred = torch.where(inside, shifted - shifted.sum(dim=-2, keepdim=True) / count, 0)
    if not variance:
        return centred
    deviation = (centred.square().sum(dim=-2, keepdim=True) / count).clamp(min=floor**2).sqrt()
    return centred / deviation
