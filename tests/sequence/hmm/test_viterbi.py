import torch
from hmm_oracle import cases, each, path_score
from hypothesis import given, settings

from hnrc_lib.sequence.hmm import viterbi


@settings(max_examples=60)
@given(cases())
def test_the_best_of_all_paths_is_found(case):
    found = viterbi(case.initial, case.moves, case.scores, case.lengths, case.final)
    for index, length, expected in each(case):
        torch.testing.assert_close(found.score[index], expected.score)
        assert (found.states[index, length:] == -1).all()
        states = found.states[index, :length].tolist()
        if expected.score.isinf():
            assert states == [-1] * length
            continue
        own = case.initial.dim() == 2
        model = [
            part[index] if own and part is not None else part
            for part in (case.initial, case.moves, case.final)
        ]
        score = path_score(states, model[0], model[1], case.scores[index, :length], model[2])
        torch.testing.assert_close(score, expected.score)


def test_a_clear_path_through_a_sparse_model_of_many_states():
    size, frames = 400, 900
    moves = 0.5 * torch.eye(size) + 0.5 * torch.eye(size).roll(1, 1)
    start = torch.zeros(size)
    start[0] = 1
    path = (torch.arange(frames) // 2).clamp(max=size - 1)
    scores = torch.full((1, frames, size), -5.0)
    scores[0, torch.arange(frames), path] = 0.0
    found = viterbi(start, moves, scores)
    assert torch.equal(found.states[0], path)
