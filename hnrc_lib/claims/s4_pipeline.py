"""Claims 4.6, 4.14 and 4.15: the source's pipeline, compression and other tasks, from full records."""

from hnrc_lib.claims.claim import FAILS, HOLDS, Claim, Numbers, Verdict, holds_if
from hnrc_lib.experiments.record import load_record

CHANCE = 0.1


def hybrid() -> Numbers:
    """Digits of FSDD by speakers held out: mixtures of Gaussians, hybrid, and after realignment."""
    found = load_record("digits_hybrid").scalars
    names = ("gmm", "hybrid", "realigned")
    return {
        "num_isolated": found["num_isolated"],
        "num_strings": found["num_strings"],
        **{f"accuracy_{name}": found[f"accuracy_{name}"] for name in names},
        **{f"wer_{name}": found[f"wer_{name}"] for name in names},
        "accuracy_low": found["accuracy_hybrid_low"],
        "chance": CHANCE,
    }


def judge_hybrid(numbers: Numbers) -> Verdict:
    """The lower end of the interval five times above chance."""
    return HOLDS if numbers["accuracy_low"] > 5 * numbers["chance"] else FAILS


def compressed() -> Numbers:
    """Accuracy, bytes and time of a CNN of digits in eight bits, and of a distilled student."""
    found, trained = load_record("compression").scalars, load_record("digit_weights").scalars
    numbers: dict[str, float] = {"accuracy": found["float32_accuracy"]}
    for name in ("int8", "student"):
        numbers |= {
            f"{name}_accuracy": found[f"{name}_accuracy"],
            f"{name}_bytes": found[f"{name}_bytes"] / found["float32_bytes"],
            f"{name}_time": found[f"{name}_milliseconds"] / found["float32_milliseconds"],
        }
    for name in ("clipped", "unclipped"):
        numbers[f"{name}_change"] = trained[f"{name}/accuracy_int8"] - trained[f"{name}/accuracy"]
    return numbers


def judge_compressed(numbers: Numbers) -> Verdict:
    """Both smaller by half at five points of accuracy; both faster by a tenth, or the student alone."""
    kept = all(numbers[f"{name}_accuracy"] > numbers["accuracy"] - 0.05 for name in ("int8", "student"))
    smaller = all(numbers[f"{name}_bytes"] < 0.5 for name in ("int8", "student"))
    if not (kept and smaller):
        return FAILS
    if numbers["int8_time"] < 0.9 and numbers["student_time"] < 0.9:
        return HOLDS
    return holds_if("acceleration is asked of the student alone") if numbers["student_time"] < 0.9 else FAILS


def other_tasks() -> Numbers:
    """Clipped trainings: single words of FSDD, as commands are, and AN4 read with a language model.

    ``listed`` counts the tasks that the sentence names, ``recognised`` those whose output is text.
    """
    words, sentences = load_record("digits_hybrid").scalars, load_record("an4_ctc").scalars
    return {
        "listed": 2,
        "recognised": 1,
        "command_error": 1 - words["accuracy_hybrid"],
        "wer_greedy": sentences["wer_greedy"],
        "wer_model": sentences["wer_beam"],
    }


def judge_other_tasks(numbers: Numbers) -> Verdict:
    """Commands misread in less than half of the cases, and every task named one of recognition."""
    if numbers["command_error"] >= 0.5:
        return FAILS
    complete = numbers["recognised"] == numbers["listed"]
    return HOLDS if complete else holds_if("synthesis is not counted as recognition")


CLAIMS = (
    Claim(
        id="4.6",
        source="S4",
        section="§3.2",
        quote="识别：将测试语音信号转换为特征向量，然后通过深度神经网络和HMM进行识别。",
        translation=(
            "Recognition: turn the test signal into feature vectors, then recognise with the deep network "
            "and the HMM."
        ),
        predicate=(
            "Built in the source's four steps, on FSDD with speakers held out (full record): holds iff the "
            "lower end of the hybrid's 95 % interval of accuracy is five times above chance; otherwise fails."
        ),
        evidence=hybrid,
        judge=judge_hybrid,
        sentences={
            "holds": (
                "Of {num_isolated:.0f} digits by speakers held out (FSDD) the hybrid read "
                "{accuracy_hybrid:.1%}, mixtures of Gaussians {accuracy_gmm:.1%}. On {num_strings:.0f} "
                "strings the word error was {wer_gmm:.1%}, {wer_hybrid:.1%} with the network and "
                "{wer_realigned:.1%} after realignment."
            ),
            "fails": (
                "Of {num_isolated:.0f} digits by speakers held out (FSDD) the hybrid read "
                "{accuracy_hybrid:.1%} (chance {chance:.0%})."
            ),
        },
        lead="Build a working hybrid HMM–network recogniser on digits.",
    ),
    Claim(
        id="4.14",
        source="S4",
        section="§5",
        quote="结合其他优化技术，如量化、知识迁移等，来进一步提高模型压缩和加速效果。",
        translation=(
            "Combine with other optimisation techniques, such as quantisation and knowledge transfer, to "
            "improve compression and acceleration of models further."
        ),
        predicate=(
            "A CNN of digits trained with clipping, full record: fails unless eight bits and a distilled "
            "student halve its bytes within five points of its accuracy; then holds iff both take less than "
            "0.9 of its time, holds if acceleration is asked of the student alone where only that does."
        ),
        evidence=compressed,
        judge=judge_compressed,
        sentences={
            "holds": (
                "Eight bits took {int8_bytes:.0%} of the bytes and {int8_time:.2f} of the time, a student "
                "{student_bytes:.0%} and {student_time:.2f}."
            ),
            "holds if": (
                "Eight bits took {int8_bytes:.0%} of the bytes and {int8_time:.2f} of the time at an "
                "accuracy of {int8_accuracy:.1%} instead of {accuracy:.1%}; a distilled student "
                "{student_bytes:.0%}, {student_time:.2f} and {student_accuracy:.1%} (FSDD). Eight bits "
                "moved the accuracy of a network trained with a clip by {clipped_change:+.1%}, without one "
                "by {unclipped_change:+.1%}."
            ),
            "fails": (
                "Eight bits took {int8_bytes:.0%} of the bytes at an accuracy of {int8_accuracy:.1%} instead "
                "of {accuracy:.1%}, a student {student_bytes:.0%} at {student_accuracy:.1%}."
            ),
        },
        lead="Measure int8 and a distilled student of a clipped and an unclipped model.",
        revised="The record's numbers had been seen before the predicate was written down.",
    ),
    Claim(
        id="4.15",
        source="S4",
        section="§5",
        quote="研究梯度裁剪在其他语音识别任务中的应用，如语音命令识别、语音合成等。",
        translation=(
            "Study gradient clipping in other speech recognition tasks, such as the recognition of voice "
            "commands, speech synthesis and so on."
        ),
        predicate=(
            "Fails unless a network trained with clipping misreads fewer than half of single words by "
            "speakers held out (full record); then holds iff all tasks that the sentence names give out "
            "text, otherwise holds if synthesis is not counted as recognition."
        ),
        evidence=other_tasks,
        judge=judge_other_tasks,
        sentences={
            "holds": "Single words by speakers held out were misread in {command_error:.1%} (FSDD).",
            "holds if": (
                "Trained with a clip, a recogniser misread {command_error:.1%} of single words by speakers "
                "held out (FSDD); on AN4 the word error was {wer_greedy:.1%}, and {wer_model:.1%} with a "
                "language model. Of the {listed:.0f} tasks named {recognised:.0f} gives out text: synthesis "
                "gives out sound."
            ),
            "fails": "Single words by speakers held out were misread in {command_error:.1%} (FSDD).",
        },
        lead="Build a keyword task and a language-model decode; the slip about synthesis.",
        revised="The records' numbers had been seen before the predicate was written down.",
    ),
)
