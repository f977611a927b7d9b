# network: Unix sockets of others by path and by abstract name: D-Bus, Docker, X11, the runner's own
# place: last
import os
import socket

paths = ["{socket}", "\0{abstract}"]  # the runner listens at both, and counts who calls
paths += ["/run/dbus/system_bus_socket", "/var/run/docker.sock", "/tmp/.X11-unix/X0", "/run/systemd/private"]
paths += ["\0/tmp/.X11-unix/X0", "\0/tmp/dbus", f"/run/user/{os.getuid()}/bus", "/dev/log", "/run/nscd/socket"]
for path in paths:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        try:
            with socket.socket(socket.AF_UNIX, kind) as connection:
                connection.settimeout(0.5)
                connection.connect(path)
                connection.send(b"attack-was-here")
                print("connected to", path)
        except OSError:
            pass
try:
    own, other = socket.socketpair()
    socket.send_fds(own, [b"attack-was-here"], [os.open("/", os.O_RDONLY)] * 50)
except OSError as error:
    print(type(error).__name__)
