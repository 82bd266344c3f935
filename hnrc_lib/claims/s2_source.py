"""The program that S2 prints in its section 4, a convolutional network, quoted in full to be parsed.

It is an object of study and is not used for anything else; ``s2_printed`` is its port to PyTorch. Its
comments read, in English: define the network; define loss and optimiser; train the network; main program;
define data and labels; define the model; define loss and optimiser; train the model; evaluate the model.
"""

from hnrc_lib.claims.printed_text import PrintedProgram

PROGRAM = PrintedProgram(
    "S2 section 4",
    """\
import tensorflow as tf

# 定义卷积神经网络
def cnn_model(input_shape):
    model = tf.keras.Sequential()
    model.add(tf.keras.layers.Conv2D(32, (3, 3), activation='relu', input_shape=input_shape))
    model.add(tf.keras.layers.MaxPooling2D((2, 2)))
    model.add(tf.keras.layers.Conv2D(64, (3, 3), activation='relu'))
    model.add(tf.keras.layers.MaxPooling2D((2, 2)))
    model.add(tf.keras.layers.Conv2D(64, (3, 3), activation='relu'))
    model.add(tf.keras.layers.Flatten())
    model.add(tf.keras.layers.Dense(64, activation='relu'))
    model.add(tf.keras.layers.Dense(10, activation='softmax'))
    return model

# 定义损失函数和优化器
def loss_and_optimizer():
    loss_fn = tf.keras.losses.SparseCategoricalCrossentropy()
    optimizer = tf.keras.optimizers.Adam()
    return loss_fn, optimizer

# 训练卷积神经网络
def train_cnn(model, loss_fn, optimizer, train_data, train_labels, epochs=10):
    for epoch in range(epochs):
        for (images, labels) in train_data:
            with tf.GradientTape() as tape:
                logits = model(images, training=True)
                loss = loss_fn(labels, logits)
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return model

# 主程序
if __name__ == '__main__':
    # 定义训练数据和标签
    train_data = tf.keras.datasets.mnist.load_data()
    train_labels = train_data[1]
    train_images = train_data[0].reshape((-1, 28, 28, 1))
    train_images = train_images.astype('float32') / 255

    # 定义模型
    model = cnn_model((28, 28, 1))

    # 定义损失函数和优化器
    loss_fn, optimizer = loss_and_optimizer()

    # 训练模型
    model = train_cnn(model, loss_fn, optimizer, train_data, train_labels)

    # 评估模型
    test_loss, test_accuracy = model.evaluate(tf.keras.datasets.mnist.test_data)
    print('Test accuracy:', test_accuracy)
""",
)
