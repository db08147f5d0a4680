"""The job's input: channels, manifests, RecordIO and pipes, and the images and labels that are read from them."""
