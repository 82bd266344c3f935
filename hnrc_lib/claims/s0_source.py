"""The program that S0 prints in its section 4, quoted in full so that it can be parsed and partly executed.

It is the object of study of claim 0.8 and is not used for anything else. Its line comments read, in
English: define the loss; define the correction; define the update of the parameters; train the model;
after training, evaluate it.
"""

PRINTED = """\
import numpy as np
import tensorflow as tf

# 定义损失函数
def loss_function(y_true, y_pred):
    return tf.reduce_mean(tf.square(y_true - y_pred))

# 定义Hessian逆秩1修正函数
def hessian_normalized_rank_1_correction(H, lambda_):
    I = tf.eye(H.shape[0])
    return H + lambda_ * I

# 定义模型参数更新函数
def update_parameters(theta_old, H_tilde, alpha):
    return theta_old - alpha * tf.matrix_inverse(H_tilde) * tf.gradient(loss_function, theta_old)

# 训练模型
def train_model(X, y, alpha, lambda_, epochs):
    with tf.GradientTape() as tape:
        y_pred = model(X)
        loss = loss_function(y, y_pred)
        H = tf.tensordot(tape.jacobian(loss, model.trainable_variables), model.trainable_variables, [[1], [0]])
        H_tilde = hessian_normalized_rank_1_correction(H, lambda_)
    gradients = tape.gradient(loss, model.trainable_variables)
    model.optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss

# 训练完成后，评估模型性能
def evaluate_model(X, y):
    y_pred = model(X)
    return tf.reduce_mean(tf.square(y - y_pred))
"""  # noqa: E501


def printed_line(number: int) -> str:
    """One line of the program, stripped.

    Args:
        number: counted from 1.

    Raises:
        ValueError: there is no such line.

    >>> printed_line(23)
    'H_tilde = hessian_normalized_rank_1_correction(H, lambda_)'
    """
    lines = PRINTED.splitlines()
    if not 1 <= number <= len(lines):
        raise ValueError(f"number must lie in 1 to {len(lines)}, got {number}")
    return lines[number - 1].strip()
