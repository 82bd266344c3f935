"""A kernel's side of a widget without a kernel: what would be sent is kept, what a page sends is received."""

from typing import Any


class Recorder:
    """A comm that keeps what a kernel would send to the page."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.comm_id = "recorder"

    def send(self, data: dict[str, Any], metadata: Any = None, buffers: Any = None) -> None:
        """Keep a message."""
        self.sent.append(data)

    def on_msg(self, callback: Any) -> None:
        """Remember who listens to the page."""
        self.callback = callback

    def close(self, *arguments: Any, **options: Any) -> None:
        """Nothing to close."""

    def state_sent(self) -> dict[str, Any]:
        """All updates so far, the last one winning."""
        merged: dict[str, Any] = {}
        for message in self.sent:
            if message["method"] == "update":
                merged |= message["state"]
        return merged

    def receive(self, state: dict[str, Any]) -> None:
        """What a page's ``save_changes`` sends."""
        data = {"method": "update", "state": state, "buffer_paths": []}
        self.callback({"content": {"data": data}, "buffers": []})


def connect(widget: Any) -> Recorder:
    """Give a widget a recording comm."""
    recorder = Recorder()
    widget.comm.close()
    widget.comm = recorder
    return recorder
