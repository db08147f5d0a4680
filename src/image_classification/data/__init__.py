"""The job's input: the channels and their formats, and the images and labels that are read from them."""
