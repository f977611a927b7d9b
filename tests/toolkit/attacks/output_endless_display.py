# output: a hundred thousand small outputs in one cell, of ever other kinds, and updates of them
# place: last
for number in range(20_000):
    display({"text/plain": str(number), "text/html": "<b>x</b>"}, raw=True, display_id=f"d{number % 100}")
for number in range(2_000):
    display({"text/plain": "u" * 1000}, raw=True, display_id=f"d{number % 100}", update=True)
