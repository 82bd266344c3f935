"""The steps of S2 §3.2 and the formulas of its §3.3, quoted to be parsed for what is used where."""

import re

STEPS = """\
1. 初始化网络参数。
2. 在训练过程中，对于每个参数，计算其梯度。
3. 对于每个参数，计算其Hessian矩阵。
4. 对于每个参数，计算其Hessian矩阵的逆。
5. 对于每个参数，计算其修正梯度。
6. 更新参数。
"""

FORMULAS = (
    r"\nabla L = \frac{\partial L}{\partial \theta}",
    r"\nabla L' = \nabla L + \frac{\partial^2 L}{\partial \theta^2} "
    r"\odot \frac{\partial^2 L}{\partial \theta^2}",
)

# What a formula can contain: its name, and how LaTeX writes it.
_SYMBOLS = {
    "corrected gradient": r"\\nabla L'",
    "gradient": r"\\nabla L(?!')|\\frac\{\\partial L\}\{\\partial \\theta\}",
    "Hessian": r"\\frac\{\\partial\^2 L\}\{\\partial \\theta\^2\}|\bH\b",
    "inverse": r"\^\{?\s*-\s*1\s*\}?|\^\\dagger|\\mathrm\{inv\}",
    "element-wise product": r"\\odot",
}
# The verb 计算 names what a step makes; 的逆 is "the inverse of".
_MADE = {
    "gradient": r"计算其梯度",
    "Hessian": r"计算其Hessian矩阵。",
    "inverse": r"计算其Hessian矩阵的逆",
    "corrected gradient": r"计算其修正梯度",
}


def symbols(formula: str) -> dict[str, int]:
    """How often each kind of symbol stands in a formula.

    Args:
        formula: LaTeX.

    >>> symbols(r"\\nabla L' = (H + \\lambda I)^{-1} \\nabla L")["inverse"]
    1
    """
    return {name: len(re.findall(pattern, formula)) for name, pattern in _SYMBOLS.items()}


def made_in_steps(steps: str = STEPS) -> dict[str, int]:
    """Number of the step that makes each object, 0 where none does.

    >>> made_in_steps()["inverse"], made_in_steps()["corrected gradient"]
    (4, 5)
    """
    found = dict.fromkeys(_MADE, 0)
    for line in steps.splitlines():
        number, _, text = line.partition(". ")
        for name, pattern in _MADE.items():
            if re.search(pattern, text):
                found[name] = int(number)
    return found
