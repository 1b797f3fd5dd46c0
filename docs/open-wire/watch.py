"""watch.py [WORD …]: prints events as they happen, of topics that begin with these words, such as: operation volume.create."""
import sys

from wire import Wire, token

wire = Wire()
wire.subscribe(".".join([wire.ns, "live", *map(token, sys.argv[1:]), ">"]))
while True:
    message = wire.next(seconds=60)
    if message is not None:
        print(message[2].decode(), flush=True)
