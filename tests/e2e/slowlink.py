"""A slow line on loopback: a forwarder that lets so many bytes a second through each way, with a small queue."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

_PIECE = 1024
_QUEUE = 4096  # bytes asked of the kernel for what waits at the forwarder's door
_SEGMENT = 1400  # so that such a small queue takes whole segments


class SlowLink:
    """Forwards connections to `target`; `address` is where to dial instead. Close it after its peers."""

    def __init__(self, target: tuple[str, int], rate: int) -> None:
        self._target = target
        self._rate = rate
        self._door = socket.socket()
        self._shape(self._door)
        self._door.bind(("127.0.0.1", 0))
        self._door.listen()
        self._lines: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def address(self) -> str:
        """ "host:port"."""
        return "{}:{}".format(*self._door.getsockname())

    def close(self) -> None:
        """Cuts every line."""
        self._door.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        for line in self._lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()
        for line in (self._door, *self._lines):
            line.close()

    def _shape(self, line: socket.socket) -> None:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _QUEUE)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT)

    def _accept(self) -> None:
        while True:
            try:
                near = self._door.accept()[0]
            except OSError:
                return
            far = socket.socket()
            self._shape(far)
            self._lines += [near, far]
            try:
                far.connect(self._target)
            except OSError:
                near.close()
                continue
            for ends in ((near, far), (far, near)):
                near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._threads.append(threading.Thread(target=self._pump, args=ends))
                self._threads[-1].start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        free_at = 0.0
        with contextlib.suppress(OSError):
            while data := source.recv(_PIECE):
                free_at = max(free_at, time.monotonic()) + len(data) / self._rate
                time.sleep(max(0.0, free_at - time.monotonic()))
                sink.sendall(data)
        for line in (source, sink):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
