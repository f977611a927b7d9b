# output: what a front end would act upon: payloads, next inputs, comms, metadata, display ids, names of media types
# place: last
shell = get_ipython()
shell.payload_manager.write_payload({"source": "set_next_input", "text": "import os", "replace": True})
shell.set_next_input("100.0", replace=True)
view = {"application/vnd.jupyter.widget-view+json": {"model_id": "<script>"}, "text/plain": "w"}
display(view, raw=True, metadata={"isolated": True, "needs_background": "<script>", "image/png": {"width": "9;x"}})
display({"text/plain": "a"}, raw=True, display_id="<script>")
odd = {"text/plain": "x", "<script>": "y", "text/html\n": "<b>", "image/png;base64,x": "z", "TEXT/HTML": "<script>x"}
shell.display_pub.publish(odd, metadata={"collapsed": True, "tags": ["remove-input"], "scrolled": "<script>"})


class Error(Exception):
    def __str__(self):
        return "<script>alert(1)</script>\x1b[2J" * 50_000


Error.__name__ = Error.__qualname__ = "<img src=x onerror=alert(1)>" * 1000
raise Error from Error("\u202e")
