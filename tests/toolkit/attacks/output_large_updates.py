# output: a hundred small displays, each of which is then updated to a megabyte
# place: last
for number in range(100):
    display({"text/plain": "small"}, raw=True, display_id=f"d{number}")
for number in range(100):
    display({"text/plain": "large" * 200_000}, raw=True, display_id=f"d{number}", update=True)
