"""Lineage: artifacts, contexts, actions and the associations between them."""
