# output: terminal escapes: titles, clipboards, links, cleared screens, text that runs backwards, bells, null characters
# place: last
import sys

text = "\x1b]0;attack\x07\x1b]52;c;YXR0YWNr\x07\x1b[2J\x1b[31mpass\x1b[0m\x1b]8;;javascript:alert(1)\x07x\x1b]8;;\x07"
text += "\x1b[6n\x9b5n"
text += "\u202eetorf\u202c \u2066x\u2069 \x00 \x07 \x08\x08\x08 \r \x0c \x7f \ud800".encode("utf-8", "replace").decode()
print(text)
sys.stderr.write(text)
display({"text/plain": text}, raw=True)
raise type("\x1b[2Jpass\x1b]0;x\x07", (Exception,), {"__str__": lambda self: text})
