"""The program that S3 prints in its section 4, an LSTM with decay, quoted in full to be parsed.

It is an object of study and is not used for anything else. The source prints it in five pieces, which
follow one another here. Its comments read, in English: load the data set; preprocess the data; train the
model; training on the training set; validation on the validation set.
"""

from hnrc_lib.claims.printed_text import PrintedProgram

PROGRAM = PrintedProgram(
    "S3 section 4",
    """\
import tensorflow as tf
import numpy as np

class SimpleRNN(tf.keras.Model):
    def __init__(self, input_dim, output_dim, hidden_dim, num_layers):
        super(SimpleRNN, self).__init__()
        self.input_dim = input_dim
        self.output_dim = output_dim
        self.hidden_dim = hidden_dim
        self.num_layers = num_layers
        self.lstm = tf.keras.layers.LSTM(self.hidden_dim, return_sequences=True,
                                         implementation=2, stateful=True)
        self.dense = tf.keras.layers.Dense(self.output_dim, activation=None)

    def call(self, x, hidden):
        output, state = self.lstm(x, initial_state=hidden)
        output = self.dense(output)
        return output, state

    def initialize_hidden_state(self):
        return tf.zeros((self.num_layers, self.batch_size, self.hidden_dim))

def load_data():
    # 加载数据集
    # ...
    # 对数据进行预处理
    # ...
    return x_train, x_test, y_train, y_test

def train(model, input_dim, output_dim, hidden_dim, num_layers, epochs, batch_size, lr, lambda_):
    model.build(input_shape=(None, input_dim))
    optimizer = tf.keras.optimizers.Adam(learning_rate=lr)
    model.compile(optimizer=optimizer, loss=tf.keras.losses.categorical_crossentropy)

    x_train, x_test, y_train, y_test = load_data()

    # 训练模型
    for epoch in range(epochs):
        # 训练集训练
        model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs)

        # 验证集验证
        accuracy = model.evaluate(x_test, y_test)
        print(f'Epoch {epoch+1}, Loss: {loss}, Accuracy: {accuracy}')

    return model

input_dim = 128
output_dim = 64
hidden_dim = 256
num_layers = 2
epochs = 10
batch_size = 32
lr = 0.001
lambda_ = 0.01

model = train(model, input_dim, output_dim, hidden_dim, num_layers, epochs, batch_size, lr, lambda_)
""",
)
