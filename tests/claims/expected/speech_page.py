"""The claims that the page on speech recognition treats."""

VERDICTS = {
    "0.9": "holds",
    "0.11": "fails",
    "0.16": "holds if HNRC has rank 8 or rank 8 in Adam's metric",
    "0.19": "holds if an index is coded as a one-hot vector",
    "1.15": "holds",
}

CONTRARY = {
    "0.9": [({"whole": 0.85}, "fails"), ({"people_low": 0.45}, "fails")],
    "0.11": [
        ({"strings_saved": 0.5}, "holds if the speech is long"),
        ({"bilingual_saved": 0.5}, "holds if the speech is in two languages"),
        ({"strings_saved": 0.5, "bilingual_saved": 0.5}, "holds"),
    ],
    "0.16": [
        ({"improved_1": 1}, "holds"),
        ({"improved_2": 3, "improved_3": 0}, "fails"),
        ({"improved_2": 3}, "holds if HNRC has rank 8 in Adam's metric"),
    ],
    "0.19": [
        ({"largest_best_loss": 3.1, "smallest_best_loss": 3.09}, "holds"),
        ({"one_hot_change": 0.1}, "fails"),
    ],
    "1.15": [
        ({"new_speaker_low": 0.04}, "holds if the challenge is noise"),
        ({"noisiest": 0.06}, "holds if the challenge is a new speaker"),
        ({"noisiest": 0.06, "new_speaker_low": 0.04}, "fails"),
    ],
}
