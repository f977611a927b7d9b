# read: carries what a hidden check sends out in the name of a type that is returned
# place: label
def label(text):
    return type(text, (), {"__module__": "builtins", "__qualname__": text})()
