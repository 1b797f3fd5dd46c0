"""A connection to NATS on a plain socket: as much of the protocol as the programs beside it need, standard library only."""
import json
import os
import secrets
import socket
import sys
from urllib.parse import urlsplit


def token(text):
    """One word of a subject for any text, as `encodeToken` of @troupe/protocol makes it."""
    plain = lambda byte: chr(byte).isascii() and (chr(byte).isalnum() or chr(byte) in "-_")
    return "".join(chr(b) if plain(b) else f"={b:02X}" for b in text.encode()) or "="


class Wire:
    def __init__(self):
        url = os.environ.get("TROUPE_SERVERS", "nats://127.0.0.1:4222")
        at = urlsplit(url if "://" in url else f"nats://{url}")
        self.ns = os.environ.get("TROUPE_NS", "troupe")
        self.inbox = f"{os.environ.get('TROUPE_INBOX_PREFIX', '_INBOX')}.{secrets.token_hex(8)}"
        self.waiting = []
        self.subscriptions = 0
        self.socket = socket.create_connection((at.hostname, at.port or 4222), timeout=10)
        self.buffer = b""
        self.line()  # INFO; a server that wants TLS says so here: wrap the socket then
        hello = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True, "lang": "python", "version": "1"}
        if "TROUPE_USER" in os.environ:
            hello |= {"user": os.environ["TROUPE_USER"], "pass": os.environ.get("TROUPE_PASSWORD", "")}
        self.write(f"CONNECT {json.dumps(hello)}\r\nPING\r\n".encode())
        while (line := self.line()) != "PONG":
            if line.startswith("-ERR"):
                sys.exit(line)
        self.subscribe(f"{self.inbox}.>")

    def write(self, data):
        self.socket.sendall(data)

    def receive(self):
        received = self.socket.recv(65536)
        if not received:
            sys.exit("the server has closed the connection")
        self.buffer += received

    def read(self, count):
        while len(self.buffer) < count:
            self.receive()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def line(self):
        while (end := self.buffer.find(b"\r\n")) < 0:
            self.receive()
        return self.read(end + 2)[:-2].decode()

    def subscribe(self, subject):
        self.subscriptions += 1
        self.write(f"SUB {subject} {self.subscriptions}\r\n".encode())

    def publish(self, subject, body, reply="", headers=()):
        head = "NATS/1.0\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers) + "\r\n"
        data = head.encode() + body
        self.write(f"HPUB {subject} {reply} {len(head.encode())} {len(data)}\r\n".encode() + data + b"\r\n")

    def request(self, subject, body, headers=()):
        """Publishes, and waits for the answer to that: its status ('' = good), and its body."""
        reply = f"{self.inbox}.{secrets.token_hex(4)}"
        self.publish(subject, body, reply, headers)
        others = []
        while (message := self.next()) and message[0] != reply:
            others.append(message)
        self.waiting += others
        if message is None:
            sys.exit(f"no answer to {subject}")
        return message[1:]

    def next(self, seconds=10):
        """The next message as subject, status and body; None if none comes in that time."""
        if self.waiting:
            return self.waiting.pop(0)
        self.socket.settimeout(seconds)
        try:
            while True:
                words = self.line().split()
                if words[0] == "PING":
                    self.write(b"PONG\r\n")
                elif words[0] == "-ERR":
                    sys.exit(" ".join(words))  # such as a permissions violation
                elif words[0] in ("MSG", "HMSG"):
                    data = self.read(int(words[-1]) + 2)[:-2]
                    size = int(words[-2]) if words[0] == "HMSG" else 0
                    status = data[:size].split(b"\r\n")[0].removeprefix(b"NATS/1.0").strip().decode()
                    return words[1], status, data[size:]
        except TimeoutError:
            return None

    def stored(self, subject, message, headers=()):
        """Publishes to a stream, and returns when it is stored."""
        status, body = self.request(subject, json.dumps(message).encode(), headers)
        error = json.loads(body).get("error") if body else {"description": status}
        if error:
            sys.exit(f"not stored: {error['description']}")  # COMMANDS that is full: maximum messages exceeded

    def last(self, subject):
        """The last message of a subject in STATE, or None. One request; no consumer, no stream is touched."""
        status, body = self.request(f"$JS.API.DIRECT.GET.{self.ns}_STATE.{subject}", b"")
        if status and not status.startswith("404"):
            sys.exit(f"{subject}: {status}")
        return json.loads(body) if body and not status else None
