# processes: a thread that throws exceptions into the agent, at any time, long after the call that started it
# place: shares
import ctypes
import threading
import time

main = ctypes.c_ulong(threading.main_thread().ident)


def throw():
    for _ in range(50):
        time.sleep(0.02)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(main, ctypes.py_object(KeyboardInterrupt))


def shares(x):
    threading.Thread(target=throw, daemon=True).start()
    return 2 * x
