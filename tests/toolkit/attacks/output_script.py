# output: scripts in every kind of output that a browser might run
# place: last
script = "<script>alert('attack-was-here')</script><img src=x onerror=alert(1)><svg onload=alert(1)></svg>"
frames = (
    "<iframe src='javascript:alert(1)'></iframe><object data='data:text/html,x'></object><embed src=x><base href=//x>"
)
more = "<a href='java&#115;cript:alert(1)'>x</a><form action=//x><input onfocus=alert(1)></form>"
more += "<style>*{}</style>"
for mime in ("text/html", "image/svg+xml", "text/markdown", "text/latex", "application/javascript", "text/plain"):
    display({mime: script + frames + more, "text/plain": script}, raw=True)
display(
    {"application/vnd.jupyter.widget-view+json": {"model_id": script}, "application/json": {script: script}}, raw=True
)
print(script, "</pre></div></body>", frames)
raise type("Script", (Exception,), {"__str__": lambda self: script})
