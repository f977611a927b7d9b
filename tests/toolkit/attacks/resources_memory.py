# resources: three gigabytes in one process
# place: last
block = bytearray(3 * 2**30)
print("had", len(block))
