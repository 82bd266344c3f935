"""One utterance from espeak-ng, in a process of its own: a JSON request on stdin, PCM on stdout.

espeak-ng keeps its voice, its noise generator and its filters' memory in global variables, so an
utterance depends on those spoken before it. A fresh process has no past: the same request gives the
same samples. Only the standard library is imported, which keeps the start under 20 ms.
"""

import ctypes
import json
import sys

SYNCHRONOUS = 2
DO_NOT_EXIT = 0x8000
UTF8 = 1
UNKNOWN_VOICE = 3  # exit status: the request is at fault, not espeak-ng
RATE, VOLUME, PITCH, PITCH_RANGE = 1, 2, 3, 4

Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(ctypes.c_char)
)


def load(library: str) -> ctypes.CDLL:
    """The shared library with the signatures of ``speak_lib.h`` declared."""
    espeak = ctypes.CDLL(library)
    espeak.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
    espeak.espeak_Info.argtypes = [ctypes.POINTER(ctypes.c_char_p)]
    espeak.espeak_Info.restype = ctypes.c_char_p
    espeak.espeak_SetSynthCallback.argtypes = [Callback]
    espeak.espeak_SetSynthCallback.restype = None
    espeak.espeak_SetVoiceByName.argtypes = [ctypes.c_char_p]
    espeak.espeak_SetParameter.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int]
    espeak.espeak_ng_SetRandSeed.argtypes = [ctypes.c_long]
    espeak.espeak_Synth.argtypes = [
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_uint,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_uint,
        ctypes.POINTER(ctypes.c_uint),
        ctypes.c_void_p,
    ]
    return espeak


def speak(espeak: ctypes.CDLL, request: dict) -> tuple[int, bytes]:
    """Sample rate in Hz and native-endian 16-bit samples of one request."""
    sample_rate = espeak.espeak_Initialize(SYNCHRONOUS, 0, request["data"].encode(), DO_NOT_EXIT)
    if sample_rate <= 0:
        raise RuntimeError(f"espeak-ng could not read its data folder {request['data']!r}")
    chunks: list[bytes] = []

    @Callback
    def collect(samples, count, _events):
        if samples and count > 0:
            chunks.append(ctypes.string_at(samples, 2 * count))
        return 0

    espeak.espeak_SetSynthCallback(collect)
    if espeak.espeak_SetVoiceByName(request["voice"].encode()) != 0:
        sys.exit(UNKNOWN_VOICE)
    for parameter, name in (
        (RATE, "rate"),
        (VOLUME, "volume"),
        (PITCH, "pitch"),
        (PITCH_RANGE, "pitch_range"),
    ):
        if espeak.espeak_SetParameter(parameter, request[name], 0) != 0:
            raise RuntimeError(f"espeak-ng refused {name} = {request[name]}")
    espeak.espeak_ng_SetRandSeed(request["seed"])
    text = request["text"].encode() + b"\0"
    status = espeak.espeak_Synth(text, len(text), 0, 0, 0, UTF8, None, None)
    if status != 0:
        raise RuntimeError(f"espeak-ng stopped with status {status}")
    return sample_rate, b"".join(chunks)


def main() -> None:
    """Answer the request on stdin: one line of JSON, then the samples; a failure goes to stderr."""
    request = json.load(sys.stdin.buffer)
    try:
        espeak = load(request["library"])
        sample_rate, samples = speak(espeak, request)
    except (OSError, AttributeError, RuntimeError) as error:
        sys.exit(str(error))
    header = {"sample_rate": sample_rate, "version": espeak.espeak_Info(None).decode()}
    sys.stdout.buffer.write(json.dumps(header).encode() + b"\n" + samples)


if __name__ == "__main__":
    main()
