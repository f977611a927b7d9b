# forge: overwrites the value of False in this interpreter's memory
# place: last
import ctypes

ctypes.memmove(id(False) + 24, ctypes.addressof(ctypes.c_long(1)), 8)
