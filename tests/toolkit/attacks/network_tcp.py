# network: connects by TCP to this machine, its network and the world, and listens for others
# place: last
import socket
import urllib.request

port = int("{port}")  # the runner listens here, and counts who calls
for family, address in (
    (socket.AF_INET, ("127.0.0.1", port)),
    (socket.AF_INET, ("0.0.0.0", port)),
    (socket.AF_INET6, ("::1", port)),
    (socket.AF_INET, ("1.1.1.1", 80)),
    (socket.AF_INET, ("169.254.169.254", 80)),
):
    try:
        with socket.socket(family) as connection:
            connection.settimeout(0.5)
            connection.connect(address)
            connection.sendall(b"attack-was-here")
            print("connected to", address)
    except OSError as error:
        print(type(error).__name__)
try:
    print(urllib.request.urlopen(f"http://127.0.0.1:{port}/attack-was-here", timeout=0.5).read())
except OSError as error:
    print(type(error).__name__)
try:
    server = socket.create_server(("0.0.0.0", 0))
    print("listening on", server.getsockname())
except OSError as error:
    print(type(error).__name__)
