"""The program that S4 prints in its section 4, a clipped recurrent network, quoted in full to be run.

It is an object of study and is not used for anything else. Its comments read, in English: define the model;
preprocess the data (nothing follows but an ellipsis); train the model; clip the gradient.
"""

from hnrc_lib.claims.printed_text import PrintedProgram

PROGRAM = PrintedProgram(
    "S4 section 4",
    """\
import torch
import torch.nn as nn
import torch.optim as optim

# 定义DRNN模型
class DRNN(nn.Module):
    def __init__(self, input_dim, hidden_dim, output_dim):
        super(DRNN, self).__init__()
        self.hidden_dim = hidden_dim
        self.rnn = nn.RNN(input_dim, hidden_dim, batch_first=True)
        self.fc = nn.Linear(hidden_dim, output_dim)

    def forward(self, x):
        h0 = torch.zeros(1, x.size(0), self.hidden_dim).to(x.device)
        out, _ = self.rnn(x, h0)
        out = self.fc(out[:, -1, :])
        return out

# 数据预处理
# ...

# 模型训练
input_dim = 128
hidden_dim = 256
output_dim = 10
learning_rate = 0.01
clip_threshold = 5

model = DRNN(input_dim, hidden_dim, output_dim)
optimizer = optim.Adam(model.parameters(), lr=learning_rate)
criterion = nn.CrossEntropyLoss()

for epoch in range(100):
    for batch in data_loader:
        optimizer.zero_grad()
        outputs = model(batch.x)
        loss = criterion(outputs, batch.y)
        loss.backward()

        # 梯度裁剪
        grad_norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm=clip_threshold)

        optimizer.step()
""",
)
