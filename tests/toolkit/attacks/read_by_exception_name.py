# read: carries what a hidden check sends out in the name of an exception, its text and its line
# place: label
def label(text):
    raise type(text, (Exception,), {"__module__": text, "__qualname__": text})(text)
