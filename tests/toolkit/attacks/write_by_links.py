# write: through symbolic links, hard links, /proc/self/fd, bind mounts and renames from its scratch folder outwards
# place: last
import ctypes
import os
import sys

root = "{root}"  # the runner puts the course's own folder here
targets = [f"{root}/gradebook.db", f"{root}/solutions/tiny.py", os.__file__, "/etc/passwd", sys.executable]
for number, target in enumerate(targets):
    link = f"link-{number}"
    os.symlink(target, link)
    for attempt in (
        lambda link, target: open(link, "a").write("attack-was-here"),
        lambda link, target: os.truncate(link, 0),
        lambda link, target: os.link(target, f"{link}-hard"),
        lambda link, target: open(f"{link}-hard", "a").write("attack-was-here"),
        lambda link, target: os.rename(target, f"{link}-moved"),
        lambda link, target: os.unlink(target),
        lambda link, target: os.open(f"/proc/self/fd/{os.open(target, os.O_RDONLY)}", os.O_RDWR),
    ):
        try:
            print(attempt(link, target))
        except OSError:
            pass
libc = ctypes.CDLL(None)
libc.mount(b".", b"/usr", None, 4096, None)
libc.unshare(0x10000000 | 0x20000)
libc.chroot(b".")
