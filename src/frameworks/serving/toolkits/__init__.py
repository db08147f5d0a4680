"""The services of the frameworks whose models are Python objects, each with the defaults of its AWS container."""
