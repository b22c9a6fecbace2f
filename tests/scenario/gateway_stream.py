"""Numbered datagrams between the hosts of live gateways, and new keys meanwhile."""
import socket
import struct
import threading

import gateway_kit

PORT = 9999
SECONDS = 20  # of silence, after which what is missing is lost
AFTER = 3  # the last one
PAUSE = 0.002  # between two datagrams of one sender


class Stream:
    """Numbered datagrams from one host to the other until it is told to end."""

    def __init__(self, world, here, there, address=None):
        """address: another one of the host there."""
        self.to = (address or world.net.host(there), PORT)
        self.sent, self.got, self.failed = 0, [], None
        self.over = threading.Event()
        self.out, self.into = (gateway_kit.in_net(
            f"h{end}", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for end in (here, there))
        self.into.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self.into.bind((address or "", PORT))
        self.into.settimeout(SECONDS)
        self.threads = [threading.Thread(target=run, daemon=True) for run in (self.send, self.receive)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def send(self):
        try:
            while not self.over.wait(PAUSE):
                self.out.sendto(struct.pack("!Q", self.sent) + bytes(self.sent % 1200), self.to)
                self.sent += 1
            self.out.sendto(struct.pack("!Q", self.sent) + b"the last", self.to)
            self.sent += 1
        except OSError as error:
            self.failed = error

    def receive(self):
        """Until all are there; the last one may overtake others, for which there are some seconds then."""
        total = None
        try:
            while total is None or len(set(self.got)) < total:
                data = self.into.recv(65535)
                self.got.append(struct.unpack("!Q", data[:8])[0])
                if data[8:] == b"the last":
                    total = self.got[-1] + 1
                    self.into.settimeout(AFTER)
        except OSError as error:
            if total is None:
                self.failed = error

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join()
        self.out.close()
        self.into.close()


def rekey(world, name, spi, chance):
    """The receiver first, then the sender."""
    src, dst = name.split("-")[:2]
    key = chance.randbytes(20).hex()
    return all(world.crypto(end, "sa", "rekey", name, "spi", hex(spi), "key", key) for end in (dst, src))
