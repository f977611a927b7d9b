# output: prints the source of a hidden test as it might be, in tracebacks and in the names of functions
# place: shares
def shares(x):
    source = "def test_each_row_is_divided_by_its_sum(student, rng):\n    assert close(student.shares(x), expected)"
    print(source)
    raise AssertionError(source + "\nE   assert <Comparison> expected 0.75")
