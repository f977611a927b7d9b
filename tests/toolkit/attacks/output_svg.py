# output: pictures that are more than pictures: SVG with scripts and links, a PNG that is HTML, a type with a quote
# place: last
import base64

svg = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" onload="alert(1)">
<script>alert('attack-was-here')</script><foreignObject><body xmlns="http://www.w3.org/1999/xhtml"
onload="alert(1)"/></foreignObject><use xlink:href="//example.org/x.svg#a"/><a xlink:href="javascript:alert(1)">x</a>
<image href="http://example.org/attack-was-here.png"/><style>@import url(//example.org)</style></svg>"""
png = base64.b64encode(b"<html><script>alert(1)</script>").decode()
later = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"x" * 100).decode() + '"><script>alert(1)</script>'
for data in (
    {"image/svg+xml": svg},
    {"image/png": png},
    {"image/png": later},
    {'image/png" onload="x': png},
    {"image/gif": svg},
):
    display({**data, "text/plain": '"><script>alert(1)</script>'}, raw=True)
display({"image/svg+xml": svg}, metadata={"image/svg+xml": {"isolated": True, "width": '"><script>'}}, raw=True)
