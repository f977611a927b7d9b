"""All that touches the student's process.

`zygote`, `shell` and `agent` run on the far side of the boundary and hold no secrets; `process` and `proxy` are the
examiner's side; `wire` is what both speak; `jail` and `linux` are the walls.
"""
