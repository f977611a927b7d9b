# wire: claims outputs that nbformat does not have, nested a thousand deep, of a gigabyte together, with lone surrogates
# place: last
from autograder.student.shell import StudentShell

nested = {}
for _ in range(400):
    nested = {"json": nested}
claimed = [
    {"output_type": "display_data", "metadata": nested, "data": {"application/json": nested}},
    {"output_type": "stream", "name": "stdout", "text": ["x"]},
    {"output_type": "stream", "name": "stdout", "text": "y" * 900_000},
    {"output_type": "execute_result", "data": {"text/plain": "6.0"}, "metadata": {}, "execution_count": -5},
    {"output_type": "error", "ename": "E", "evalue": "", "traceback": ["z"] * 50_000},
    {"output_type": ["stream"], "name": {}, "text": None},
    {"output_type": "display_data", "metadata": {}, "data": {"image/png": "a" * 900_000}},
]


def run_notebook_cell(self, index, source, seconds):
    return claimed * 10, True


StudentShell.run_notebook_cell = run_notebook_cell
