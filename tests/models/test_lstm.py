import torch
from torch import nn

from hnrc_lib.models.lstm import LSTM


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_outputs_are_those_of_torchs_layers():
    model = LSTM(4, 6, 3, 2, bidirectional=True, generator=seeded()).double()
    stock = nn.LSTM(4, 6, 2, batch_first=True, bidirectional=True).double()
    stock.load_state_dict(model.recurrent.state_dict())
    features = torch.randn(5, 7, 4, generator=seeded(1), dtype=torch.float64)
    torch.testing.assert_close(model(features), model.output(stock(features)[0]))
