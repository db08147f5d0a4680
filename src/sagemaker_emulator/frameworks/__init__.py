"""AWS's framework images without Docker: their names, their packages, and environments that have those packages.

Path of an image: `image_names` recognizes the URI and reads framework, version and Python from it. `requirements` knows
the packages that AWS has in such an image. `environments` finds the virtual environment that stands for it in the
user's cache, or has `installation` make one with uv. Into each environment goes the kit's program `frameworks`
(`program`), which does in it what AWS's toolkits do in their containers.

Nothing here knows jobs or endpoints: an engine calls it, and passes a function that receives lines of progress.
"""
