# output: a megabyte of output in each of very many cells, which together nobody could open
# place: each of 80
print("attack " * 142_000)
