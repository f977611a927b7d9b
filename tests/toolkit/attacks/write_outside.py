# write: files and folders everywhere but in its scratch folder
# place: last
import os
import sys

root = "{root}"  # the runner puts the course's own folder here
folders = [
    "/",
    "/etc",
    "/usr",
    "/usr/local",
    "/var",
    "/opt",
    "/srv",
    "/home",
    "/root",
    "/proc",
    "/sys",
    "/dev",
    "/work",
]
folders += [
    root,
    f"{root}/autograded",
    f"{root}/tests/checks/tiny",
    f"{root}/submitted",
    f"{root}/release",
    "/proc/1/root",
]
folders += [sys.prefix, sys.base_prefix, os.path.dirname(os.__file__), *sys.path]
for folder in folders:
    if folder == os.getcwd():
        continue
    for attempt in (
        lambda folder: open(f"{folder}/attack-was-here", "w").write("x"),
        lambda folder: os.mkdir(f"{folder}/attack-was-here"),
        lambda folder: os.symlink("/etc", f"{folder}/attack-was-here"),
        lambda folder: os.chmod(folder, 0o777),
        lambda folder: os.utime(folder, (0, 0)),
        lambda folder: os.rename(folder, f"{folder}.attack-was-here"),
    ):
        try:
            attempt(folder)
        except OSError:
            continue
        print("wrote in", folder)
