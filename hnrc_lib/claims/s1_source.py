"""The program that S1 prints in its section 4, a linear regression, quoted in full to be run.

It is an object of study and is not used for anything else. Its comments read, in English: make the data of
a linear regression; define the loss; define the gradient; define the Hessian; initialise the parameters;
train by the algorithm of the source; gradient; Hessian; inverse of the Hessian; update; print the result.
"""

from hnrc_lib.claims.printed_text import PrintedProgram

PROGRAM = PrintedProgram(
    "S1 section 4",
    """\
import numpy as np
import tensorflow as tf

# 生成线性回归数据
np.random.seed(0)
x = np.random.rand(100, 1)
y = 2 * x + 1 + np.random.rand(100, 1) * 0.1

# 定义损失函数
def loss_function(x, y, theta):
    return np.mean((y - np.dot(x, theta)) ** 2)

# 定义梯度
def gradient(x, y, theta):
    return -2 * np.dot(x.T, (y - np.dot(x, theta))) / len(y)

# 定义Hessian
def hessian(x, theta):
    return -2 * np.dot(x, x.T) / len(y)

# 初始化网络参数
theta = np.random.rand(2, 1)
learning_rate = 0.01

# 使用次梯度取值算法进行训练
for i in range(1000):
    # 计算参数梯度
    grad = gradient(x, y, theta)

    # 计算参数Hessian
    hess = hessian(x, theta)

    # 求解Hessian矩阵的逆
    inv_hess = np.linalg.inv(hess)

    # 更新参数
    theta = theta - learning_rate * np.dot(inv_hess, grad)

# 打印最终的参数值
print("最终的参数值：", theta)
""",
)
