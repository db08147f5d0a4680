"""The calls to AWS that the pages need, and their answers as small frozen values."""
