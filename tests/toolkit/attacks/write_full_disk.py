# write: fills its scratch folder with one large file, many small ones, deep folders and long names
# place: last
import os

try:
    with open("large", "wb") as file:
        for _ in range(200):
            file.write(b"x" * 2**20)
except OSError as error:
    print(error.errno)
try:
    os.truncate("large", 2**40)
except OSError as error:
    print(error.errno)
try:
    for number in range(30_000):
        open(f"small-{number}", "w").close()
except OSError as error:
    print(error.errno)
try:
    for _ in range(300):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
    os.chmod(".", 0)
except OSError as error:
    print(error.errno)
